import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { kyselyQuotaStore } from './kysely-quota-store.ts'
import { quotaStoreContract } from './quota-store.contract.ts'

eachPostgres('daily quotas', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  const prepare = async () => {
    const { db } = database
    await sql`truncate api_key_reservations, api_key_days, api_keys, users cascade`.execute(db)
    await sql`
      insert into users (id, email, role, wallet, created_at)
      values ('usr_1', 'a@b.test', 'user', 'wal_1', now())`.execute(db)
    await sql`
      insert into api_keys (id, user_id, wallet, key_hash, prefix, name, created_at)
      select 'key_' || n, 'usr_1', 'wal_1', repeat(n::text, 64), '', '', now()
      from generate_series(1, 2) n`.execute(db)
  }

  quotaStoreContract(async () => {
    await prepare()
    const { db } = database
    return {
      store: kyselyQuotaStore(database),
      setQuota: async (apiKeyId, quotaMicro) =>
        void (await sql`
          update api_keys set daily_quota_micro = ${quotaMicro} where id = ${apiKeyId}`.execute(
          db,
        )),
    }
  })

  it('database constraints reject impossible amounts', async () => {
    await prepare()
    const day = sql`'2026-11-21'::date`
    const lines = [
      sql`insert into api_key_days values ('key_1', ${day}, -1, 0)`,
      sql`insert into api_key_reservations values ('r', 'key_1', ${day}, -1, now())`,
      sql`insert into api_key_reservations values ('r', 'key_1', ${day}, 1, now(), now(), 2)`,
      sql`insert into api_key_reservations values ('r', 'key_1', ${day}, 1, now(), now(), null)`,
      sql`update api_keys set daily_quota_micro = 0`,
      sql`update api_keys set networks = '{}'`,
      sql`update api_keys set kind = 'panel', rpm_limit = 1 where id = 'key_1'`,
      sql`update api_keys set kind = 'panel'`,
    ]
    for (const line of lines)
      await expect(line.execute(database.db)).rejects.toThrow(/violates|constraint/)
  })
})
