import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: by what a process sees that it was given the secrets of this installation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table secret_checks (
      setting text not null,
      key_id text not null,
      digest text not null,
      created_at timestamptz not null default now(),
      primary key (setting, key_id)
    )`.execute(db)
}
