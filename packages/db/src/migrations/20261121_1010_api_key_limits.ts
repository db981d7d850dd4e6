import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: where API keys may be used from, what they may spend in a day, and panel keys. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await extendApiKeys(db)
  await createQuotaDays(db)
  await createQuotaReservations(db)
}

async function extendApiKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table api_keys
      add column kind text not null default 'caller',
      add column daily_quota_micro bigint,
      add column networks cidr[],
      add column last_used_at timestamptz(3),
      add constraint api_keys_kind check (kind in ('caller', 'panel')),
      add constraint api_keys_daily_quota check (daily_quota_micro > 0),
      add constraint api_keys_networks check (cardinality(networks) between 1 and 100),
      add constraint api_keys_panel check (
        kind = 'caller'
        or (rpm_limit is null and models is null and expires_at is null and revoked_at is null
          and daily_quota_micro is null and networks is null)
      )`.execute(db)
  // Lists go by the id, which is made of the time.
  await sql`create index api_keys_list on api_keys (user_id, id) where kind = 'caller'`.execute(db)
  await sql`
    create unique index api_keys_one_panel_key on api_keys (user_id)
    where kind = 'panel'`.execute(db)
}

async function createQuotaDays(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_key_days (
      api_key_id text not null references api_keys (id),
      day date not null,
      reserved_micro bigint not null,
      spent_micro bigint not null,
      primary key (api_key_id, day),
      constraint api_key_days_amounts check (reserved_micro >= 0 and spent_micro >= 0)
    )`.execute(db)
  await sql`create index api_key_days_by_day on api_key_days (day)`.execute(db)
}

async function createQuotaReservations(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_key_reservations (
      ref text primary key,
      api_key_id text not null references api_keys (id),
      day date not null,
      amount_micro bigint not null,
      opened_at timestamptz(3) not null,
      settled_at timestamptz(3),
      spent_micro bigint,
      constraint api_key_reservations_amount check (amount_micro >= 0),
      constraint api_key_reservations_end check (
        (settled_at is null) = (spent_micro is null) and spent_micro between 0 and amount_micro
      )
    )`.execute(db)
  await sql`
    create index api_key_reservations_open on api_key_reservations (ref)
    where settled_at is null`.execute(db)
  await sql`
    create index api_key_reservations_settled on api_key_reservations (settled_at)
    where settled_at is not null`.execute(db)
}
