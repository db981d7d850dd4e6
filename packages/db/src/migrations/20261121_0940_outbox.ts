import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: the table of facts that must still be told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create sequence outbox_revision`.execute(db)
  await sql`
    create table outbox (
      topic text not null,
      key text not null,
      payload jsonb not null,
      revision bigint not null default nextval('outbox_revision'),
      attempts int not null default 0,
      due_at timestamptz not null,
      created_at timestamptz not null default now(),
      primary key (topic, key)
    )`.execute(db)
  // Rows live for milliseconds: without room on the page every claim would also rewrite the index.
  await sql`alter table outbox set (fillfactor = 70)`.execute(db)
  await sql`create index outbox_due on outbox (due_at)`.execute(db)
}
