import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { sampleKey, sampleUser } from '../testing/sample-user.ts'
import { kyselyIdentityStore } from './kysely-identity-store.ts'
import { kyselyKeyStore } from './kysely-key-store.ts'
import { kyselyRevisionStore } from './kysely-revision-store.ts'
import { revisionStoreContract } from './revision-store.contract.ts'

const at = new Date('2026-11-21T09:00:00.000Z')

eachPostgres('revisions', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())
  beforeEach(async () => {
    await sql`truncate api_keys, users, sessions, sign_in_methods, outbox cascade`.execute(
      database.db,
    )
  })
  const revisions = () => kyselyRevisionStore(database).readRevisions()

  revisionStoreContract(async () => ({
    store: kyselyRevisionStore(database),
    keys: kyselyKeyStore(database),
    identity: kyselyIdentityStore(database),
  }))

  it('grow with every write, also by plain SQL', async () => {
    const { db } = database
    const before = await revisions()
    await sql`update catalog_version set version = version + 1`.execute(db)
    await sql`
      insert into prices (id, model, kind, price, effective_at, created_at)
      values ('price_1', 'm', 'tokens', '{}', ${at}, ${at})`.execute(db)
    await sql`delete from api_keys`.execute(db)
    expect(await revisions()).toEqual({
      catalog: before.catalog + 1,
      prices: before.prices + 1,
      apiKeys: before.apiKeys + 1,
    })
  })

  it('grow in the order of commits: a revision is not visible before the changes below it', async () => {
    const keys = kyselyKeyStore(database)
    await kyselyIdentityStore(database).insertUser(sampleUser())
    for (const n of [1, 2])
      await keys.insertKey(sampleKey({ id: `key_${n}`, hash: String(n).repeat(64) }))
    const { apiKeys: before } = await revisions()
    let later: Promise<boolean> | undefined
    await database.db.transaction().execute(async (trx) => {
      await trx.updateTable('api_keys').set({ revoked_at: at }).where('id', '=', 'key_1').execute()
      later = keys.revokeKey({ id: 'key_2', at })
      // The second transaction waits for the first, and gets the next revision.
      expect(await revisions()).toMatchObject({ apiKeys: before })
    })
    await later
    const changed = await kyselyRevisionStore(database).listChangedKeys({ since: before, limit: 9 })
    expect(changed).toEqual([
      { id: 'key_2', revision: before + 2 },
      { id: 'key_1', revision: before + 1 },
    ])
  })
})
