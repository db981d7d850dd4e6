import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { ada, identityStoreContract } from './identity-store.contract.ts'
import { kyselyIdentityStore } from './kysely-identity-store.ts'
import { userListContract } from './user-list.contract.ts'

eachPostgres('the identity store', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open({ poolMax: 20 })))
  afterAll(() => database.close())
  beforeEach(async () => {
    await sql`truncate users, outbox cascade`.execute(database.db)
  })

  identityStoreContract(async () => ({
    store: kyselyIdentityStore(database),
    addKey: async ({ id, userId, revoked }) => {
      await sql`
        insert into api_keys (id, user_id, wallet, key_hash, prefix, name, revoked_at, created_at)
        values (${id}, ${userId}, 'wal_1', ${Buffer.from(id.padEnd(32, 'k')).toString('hex')},
          'sk-', 'key', ${revoked ? ada.createdAt : null}, ${ada.createdAt})`.execute(database.db)
    },
    outboxKeys: async () => {
      const rows = await database.db
        .selectFrom('outbox')
        .select(['topic', 'key', 'payload'])
        .orderBy('key')
        .execute()
      const wrong = rows.filter(
        ({ topic, key, payload }) =>
          topic !== 'api-key-changed' || JSON.stringify(payload) !== `{"apiKeyId":"${key}"}`,
      )
      if (wrong.length > 0) throw new Error(`unexpected outbox rows: ${JSON.stringify(wrong)}`)
      return rows.map(({ key }) => key)
    },
  }))

  userListContract(async () => kyselyIdentityStore(database))

  it('a password that an older release wrote is valid until it is changed, and then is removed', async () => {
    const store = kyselyIdentityStore(database)
    await sql`
      insert into users (id, email, role, password_hash, wallet, created_at)
      values ('usr_old', 'old@example.com', 'admin', 'old hash', 'wal_old', ${ada.createdAt})
    `.execute(database.db)
    expect((await store.findSignIn('old@example.com'))?.passwordHash).toBe('old hash')
    const changed = await store.changePassword({
      userId: 'usr_old',
      checkedHash: 'old hash',
      passwordHash: 'new hash',
      exceptSessionId: '',
      at: ada.createdAt,
    })
    expect(changed).toBe(true)
    expect(await store.findPasswordHash('usr_old')).toBe('new hash')
    const rows = await database.db.selectFrom('users').select('password_hash').execute()
    expect(rows).toEqual([{ password_hash: null }])
  })

  it('throws unavailable when the database is unavailable', async () => {
    const unreachable = connectPostgres({
      url: 'postgres://none:x@127.0.0.1:1/none',
      onError: () => {},
    })
    await expect(kyselyIdentityStore(unreachable).findSession('ses_1')).rejects.toMatchObject({
      code: 'unavailable',
    })
    await unreachable.close()
  })
})
