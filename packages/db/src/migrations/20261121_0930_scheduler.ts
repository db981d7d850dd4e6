import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: tables of the scheduler. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table channels (
      id text primary key,
      name text not null unique,
      dialect text not null,
      base_url text not null,
      priority int not null,
      weight int not null check (weight > 0),
      enabled boolean not null,
      settings jsonb not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    )`.execute(db)
  await sql`
    create table channel_models (
      channel_id text not null references channels,
      model text not null,
      upstream_model text not null,
      kinds text[] not null check (cardinality(kinds) > 0),
      output_tokens_max int check (output_tokens_max > 0),
      primary key (channel_id, model)
    )`.execute(db)
  await sql`
    create table credentials (
      id text primary key,
      channel_id text not null references channels,
      secret jsonb not null,
      fingerprint text not null,
      concurrency_max int not null check (concurrency_max > 0),
      state text not null check (state in ('active', 'paused', 'attention', 'retired')),
      state_reason text,
      epoch int not null default 1,
      cooling_until timestamptz,
      created_at timestamptz not null,
      state_changed_at timestamptz not null
    )`.execute(db)
  // A retired credential is out for good; its secret may be imported anew, as another credential.
  await sql`
    create unique index credentials_once on credentials (channel_id, fingerprint)
      where state <> 'retired'`.execute(db)
  // Every writer of the catalog passes through this row, so that versions grow in commit order.
  await sql`
    create table catalog_version (
      only_row boolean primary key default true check (only_row),
      version int not null
    )`.execute(db)
  await sql`insert into catalog_version (version) values (0)`.execute(db)
}
