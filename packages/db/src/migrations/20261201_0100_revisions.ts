import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * compatible: revisions of what processes keep in memory, raised by triggers, so that whoever writes raises
 * them: every release, every command, and a hand at psql.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table revisions (
      name text primary key,
      revision bigint not null
    )`.execute(db)
  await sql`
    insert into revisions (name, revision)
    select 'catalog', version from catalog_version
    union all values ('prices', 0), ('api-keys', 0)`.execute(db)
  // The row's lock makes revisions grow in the order of commits, as those of a sequence would not: whoever
  // reads a revision reads every change up to it.
  await sql`
    create function next_revision(of_name text) returns bigint language sql as $$
      update revisions set revision = revision + 1 where name = of_name returning revision
    $$`.execute(db)
  await followCatalog(db)
  await followPrices(db)
  await followKeys(db)
}

async function followCatalog(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function revise_catalog() returns trigger language plpgsql as $$
    begin
      update revisions set revision = new.version where name = 'catalog';
      return null;
    end $$`.execute(db)
  await sql`
    create trigger revise_catalog after update on catalog_version
    for each row execute function revise_catalog()`.execute(db)
}

async function followPrices(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function revise_prices() returns trigger language plpgsql as $$
    begin
      perform next_revision('prices');
      return null;
    end $$`.execute(db)
  await sql`
    create trigger revise_prices after insert or update or delete on prices
    for each statement execute function revise_prices()`.execute(db)
}

/** A key has the revision of its last change, so that only what is known of changed keys is forgotten. */
async function followKeys(db: Kysely<unknown>): Promise<void> {
  await sql`alter table api_keys add column revision bigint not null default 0`.execute(db)
  await sql`create index api_keys_by_revision on api_keys (revision)`.execute(db)
  await sql`
    create function revise_api_key() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' then
        perform next_revision('api-keys');
        return null;
      end if;
      new.revision := next_revision('api-keys');
      return new;
    end $$`.execute(db)
  await sql`
    create trigger revise_api_key before update on api_keys
    for each row when (
      (old.wallet, old.rpm_limit, old.models, old.expires_at, old.revoked_at, old.daily_quota_micro, old.networks)
      is distinct from
      (new.wallet, new.rpm_limit, new.models, new.expires_at, new.revoked_at, new.daily_quota_micro, new.networks)
    ) execute function revise_api_key()`.execute(db)
  await sql`
    create trigger revise_deleted_api_keys after delete on api_keys
    for each statement execute function revise_api_key()`.execute(db)
  // Keys first and then the revision, the order of every other change, so that no two wait for each other.
  await sql`
    create function revise_keys_of_user() returns trigger language plpgsql as $$
    declare
      next bigint;
    begin
      perform from api_keys where user_id = new.id order by id for no key update;
      if not found then
        return null;
      end if;
      next := next_revision('api-keys');
      update api_keys set revision = next where user_id = new.id;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger revise_keys_of_user after update on users
    for each row when ((old.banned_at is null) <> (new.banned_at is null))
    execute function revise_keys_of_user()`.execute(db)
}
