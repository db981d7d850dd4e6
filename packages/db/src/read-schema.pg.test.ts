import { readFile } from 'node:fs/promises'

import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { expect, it } from 'vitest'

import { readSchema } from './read-schema.ts'
import { snapshotFile, snapshotText } from './schema-snapshot.ts'

eachPostgres('the schema', (open) => {
  it('equals the committed snapshot (else run `pnpm db:snapshot` and review the difference)', async () => {
    const database = await open()
    const schema = await readSchema(database.db).finally(database.close)
    expect(snapshotText(schema)).toBe(await readFile(snapshotFile, 'utf8'))
  })

  it('includes everything a migration may create', async () => {
    const database = await open()
    const statements = [
      `create type weather as enum ('sun', 'rain')`,
      `create table days (at timestamptz not null, sky weather default 'sun', n int check (n > 0),
         twice int generated always as (n * 2) stored, primary key (at)) partition by range (at)`,
      `create table days_default partition of days default`,
      `create table days_2026 partition of days for values from ('2026-01-01') to ('2027-01-01')`,
      `create table notes (id bigint generated always as identity primary key, day timestamptz
         references days (at))`,
      `create index days_sky on days (sky) where n is not null`,
      `create view rainy as select at from days where sky = 'rain'`,
      `create function refuse() returns trigger language plpgsql as $$
         begin raise exception 'no'; end $$`,
      `create trigger days_stay before delete on days for each row execute function refuse()`,
    ]
    for (const statement of statements) await sql.raw(statement).execute(database.db)
    const schema = await readSchema(database.db).finally(database.close)
    for (const shown of [
      `create type weather as enum ('sun', 'rain');`,
      `  sky weather default 'sun'::weather,\n  n integer,\n  twice integer generated always as ((n * 2)) stored\n) partition by RANGE (at);`,
      `create table days_default (`,
      `  id bigint not null generated always as identity,`,
      `alter table days add constraint days_n_check CHECK ((n > 0));`,
      `alter table notes add constraint notes_day_fkey FOREIGN KEY (day) REFERENCES days(at);`,
      `CREATE INDEX days_sky ON ONLY public.days USING btree (sky) WHERE (n IS NOT NULL);`,
      `create view rainy as`,
      `CREATE OR REPLACE FUNCTION public.refuse()`,
      `CREATE TRIGGER days_stay BEFORE DELETE ON public.days`,
    ]) {
      expect(schema).toContain(shown)
    }
    expect(schema).not.toContain('days_2026')
  })
})
