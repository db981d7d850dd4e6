import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: users, API keys, the request log and answers by Idempotency-Key. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createUsers(db)
  await createApiKeys(db)
  await createRequestLog(db)
  await createIdempotencyAnswers(db)
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id text primary key,
      email text not null unique,
      role text not null,
      password_hash text,
      wallet text not null unique,
      created_at timestamptz(3) not null,
      constraint users_email_lower check (email = lower(email)),
      constraint users_role check (role in ('admin', 'user'))
    )`.execute(db)
}

async function createApiKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_keys (
      id text primary key,
      user_id text not null references users (id),
      wallet text not null,
      key_hash text not null unique,
      prefix text not null,
      name text not null,
      rpm_limit int,
      models text[],
      expires_at timestamptz(3),
      revoked_at timestamptz(3),
      created_at timestamptz(3) not null,
      constraint api_keys_hash check (key_hash ~ '^[0-9a-f]{64}$'),
      constraint api_keys_rpm_limit check (rpm_limit > 0)
    )`.execute(db)
  await sql`create index api_keys_of_user on api_keys (user_id)`.execute(db)
}

// Partitions of days are opened and dropped by upkeep; what comes for a day without one is kept too.
async function createRequestLog(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table request_log (
      request_id text not null,
      received_at timestamptz(3) not null,
      api_key_id text,
      wallet text,
      route text not null,
      model text,
      channel_id text,
      credential_id text,
      status int not null,
      error_code text,
      streamed boolean not null,
      attempts int not null,
      input_tokens int,
      output_tokens int,
      amount_micro bigint not null,
      first_byte_ms int,
      duration_ms int not null,
      primary key (received_at, request_id)
    ) partition by range (received_at)`.execute(db)
  await sql`create table request_log_default partition of request_log default`.execute(db)
  await sql`create index request_log_of_wallet on request_log (wallet, received_at)`.execute(db)
}

async function createIdempotencyAnswers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table idempotency_answers (
      api_key_id text not null,
      route text not null,
      key text not null,
      body_hash text not null,
      state text not null,
      holder text not null,
      lease_until timestamptz(3) not null,
      status int,
      content_type text,
      request_id text,
      body bytea,
      expires_at timestamptz(3) not null,
      created_at timestamptz(3) not null default now(),
      primary key (api_key_id, route, key),
      constraint idempotency_answers_state check (
        (state = 'running' and status is null and body is null)
        or (state = 'done' and status is not null and content_type is not null)
      )
    )`.execute(db)
  await sql`create index idempotency_answers_expiry on idempotency_answers (expires_at)`.execute(db)
  await sql`
    create index idempotency_answers_running on idempotency_answers (holder)
    where state = 'running'`.execute(db)
}
