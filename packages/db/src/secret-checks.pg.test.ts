import { seededRandom } from '@sluice/kernel/random'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { verifySecrets } from './secret-checks.ts'

const random = seededRandom(3)
const key = () => Buffer.from(random.bytes(32)).toString('base64')
const [one, two, pepper] = [key(), key(), key()]
const given = { SEALING_KEYS: `k1:${one}`, API_KEY_PEPPER: pepper }

eachPostgres('the check of secrets', (open) => {
  let database: Awaited<ReturnType<typeof open>>
  beforeEach(async () => {
    database = await open()
    await verifySecrets(database.db, { given, record: true })
  })
  afterEach(() => database.close())
  const verify = (secrets: typeof given | { SEALING_KEYS: string }, record = false) =>
    verifySecrets(database.db, { given: secrets, record })

  it('accepts the secrets of the database, and a subset of them', async () => {
    await expect(verify(given)).resolves.toBeUndefined()
    await expect(verify({ SEALING_KEYS: given.SEALING_KEYS })).resolves.toBeUndefined()
  })

  it('rejects other secrets by the name of the setting, without showing them', async () => {
    const other = { ...given, API_KEY_PEPPER: key() }
    await expect(verify(other)).rejects.toThrow(/^API_KEY_PEPPER is not the one/)
    await expect(verify(other)).rejects.not.toThrow(other.API_KEY_PEPPER)
    await expect(verify({ SEALING_KEYS: `k1:${two}` })).rejects.toThrow('SEALING_KEYS is not')
    await expect(verify({ SEALING_KEYS: `k9:${two}` })).rejects.toThrow('SEALING_KEYS is not')
    await expect(verify({ SEALING_KEYS: `k2:${one},k1:${two}` }, true)).rejects.toThrow(
      'is not the one',
    )
  })

  it('accepts a rotation: a new key beside a known one, then alone', async () => {
    await verify({ SEALING_KEYS: `k2:${two},k1:${one}` })
    await expect(verify({ SEALING_KEYS: `k2:${two}` })).rejects.toThrow('SEALING_KEYS is not')
    await verify({ SEALING_KEYS: `k2:${two},k1:${one}` }, true)
    await verify({ SEALING_KEYS: `k2:${two}` })
  })

  it('stores nothing from which a secret could be derived', async () => {
    const rows = await database.db.selectFrom('secret_checks').selectAll().execute()
    expect(rows).toHaveLength(2)
    for (const { digest } of rows) expect(digest).toMatch(/^[0-9a-f]{32}$/)
    expect(JSON.stringify(rows)).not.toContain(one)
  })
})
