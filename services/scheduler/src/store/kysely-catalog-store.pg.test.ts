import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { sampleDraft, sampleNewCredential } from '../testing/sample-channel.ts'
import { catalogStoreContract } from './catalog-store.contract.ts'
import { channelChangesContract } from './channel-changes.contract.ts'
import { createKyselyCatalogStore } from './kysely-catalog-store.ts'

eachPostgres('the catalog', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  const empty = async () => {
    await sql`truncate channels, channel_models, credentials, outbox`.execute(database.db)
    await sql`update catalog_version set version = 0`.execute(database.db)
    return createKyselyCatalogStore({ db: database.db })
  }
  const at = new Date('2026-01-01T00:00:00Z')
  const channel = sampleDraft()
  const credential = (id: string) => sampleNewCredential({ id, fingerprint: id })

  catalogStoreContract(empty)
  channelChangesContract(empty)

  it('writes the outbox row of a change in the transaction of the change', async () => {
    const store = await empty()
    await store.saveChannel({ channel, at })
    const row = await database.db.selectFrom('outbox').selectAll().executeTakeFirst()
    expect(row).toMatchObject({ topic: 'catalog-changed', payload: { version: 1 }, attempts: 0 })
    expect(row?.due_at).toEqual(new Date(at.getTime() + 200))
  })

  it('gives every concurrent change its own version', async () => {
    const store = await empty()
    await store.saveChannel({ channel, at })
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        store.addCredentials({ channelId: 'chan_1', credentials: [credential(`c${index}`)], at }),
      ),
    )
    const { version, channels } = await store.load()
    expect(version).toBe(9)
    expect(channels[0]?.credentials).toHaveLength(8)
  })

  it('counts the same health once when all replicas write it concurrently', async () => {
    const store = await empty()
    await store.saveChannel({ channel, at })
    const ids = ['c1', 'c2', 'c3']
    await store.addCredentials({ channelId: 'chan_1', credentials: ids.map(credential), at })
    const rows = ids.map((credentialId) => ({
      credentialId,
      epoch: 1,
      attention: 'refused',
      coolingUntil: null,
    }))
    const changed = await Promise.all(
      [rows, rows.toReversed(), rows].map((order) => store.writeHealth({ rows: order, at })),
    )
    expect(changed.sort()).toEqual([0, 0, 3])
    expect(await store.readVersion()).toBe(3)
  })

  it('fails with the code unavailable while the database cannot be reached', async () => {
    const url = 'postgres://nouser@127.0.0.1:1/nothing'
    const unreachable = connectPostgres({ url, poolMax: 1, onError: () => {} })
    const store = createKyselyCatalogStore({ db: unreachable.db })
    await expect(store.load()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.saveChannel({ channel, at })).rejects.toMatchObject({ code: 'unavailable' })
    await unreachable.close()
  })
})
