import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: how people sign in, their sessions, and bans. `users.password_hash` stays for older code. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table users
      add column banned_at timestamptz(3),
      add column ban_reason text,
      add column banned_by text,
      add column last_seen_at timestamptz(3),
      add constraint users_ban check ((banned_at is null) = (ban_reason is null))`.execute(db)
  await createSignInMethods(db)
  await createSessions(db)
}

async function createSignInMethods(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sign_in_methods (
      kind text not null,
      subject text not null,
      user_id text not null references users (id),
      secret_hash text,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      primary key (kind, subject),
      constraint sign_in_methods_password check (
        kind <> 'password' or (subject = user_id and secret_hash is not null)
      )
    )`.execute(db)
  await sql`create index sign_in_methods_of_user on sign_in_methods (user_id)`.execute(db)
  await sql`
    insert into sign_in_methods (kind, subject, user_id, secret_hash, created_at, updated_at)
    select 'password', id, id, password_hash, created_at, created_at
    from users where password_hash is not null`.execute(db)
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sessions (
      id text primary key,
      user_id text not null references users (id),
      created_at timestamptz(3) not null,
      seen_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      generation int not null,
      rotated_at timestamptz(3) not null,
      ended_at timestamptz(3),
      end_reason text,
      constraint sessions_end check ((ended_at is null) = (end_reason is null))
    )`.execute(db)
  await sql`create index sessions_open on sessions (user_id) where ended_at is null`.execute(db)
  await sql`create index sessions_by_expiry on sessions (expires_at)`.execute(db)
}
