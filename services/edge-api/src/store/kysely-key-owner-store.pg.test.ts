import { createHash } from 'node:crypto'

import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach } from 'vitest'

import type { SeededOwner } from './key-owner-store.contract.ts'
import { keyOwnerStoreContract } from './key-owner-store.contract.ts'
import { kyselyKeyOwnerStore } from './kysely-key-owner-store.ts'

eachPostgres('owners of API keys', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())
  beforeEach(async () => {
    await sql`truncate api_keys, users cascade`.execute(database.db)
  })

  keyOwnerStoreContract(async (seeds) => {
    for (const seed of seeds) await insert(database, seed)
    return kyselyKeyOwnerStore(database)
  })
})

async function insert({ db }: TestDatabase, seed: SeededOwner): Promise<void> {
  const { apiKeyId, name, prefix, isPanelKey, user, wallet } = seed
  const created_at = new Date(0)
  await db
    .insertInto('users')
    .values({ ...user, role: 'user', password_hash: null, wallet, created_at })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await db
    .insertInto('api_keys')
    .values({
      id: apiKeyId,
      user_id: user.id,
      wallet,
      key_hash: createHash('sha256').update(apiKeyId).digest('hex'),
      prefix,
      name,
      kind: isPanelKey ? 'panel' : 'caller',
      rpm_limit: null,
      models: null,
      expires_at: null,
      revoked_at: null,
      created_at,
    })
    .execute()
}
