import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { memoryKeyStore } from '../store/memory-key-store.ts'
import { createPanelPrincipal } from './panel-principal.ts'

const user = { userId: 'usr_1', wallet: 'wal_1' }

function setUp() {
  const keyStore = memoryKeyStore()
  let calls = 0
  const counted = {
    ...keyStore,
    ensurePanelKey: (key: Parameters<typeof keyStore.ensurePanelKey>[0]) => {
      calls += 1
      return keyStore.ensurePanelKey(key)
    },
  }
  const process = (seed: number) =>
    createPanelPrincipal({ keyStore: counted, clock: fakeClock(), random: seededRandom(seed) })
  return { process, calls: () => calls }
}

test('a user has one panel key without limits, looked up once per process', async () => {
  const { process, calls } = setUp()
  const panelPrincipal = process(1)
  const principals = await Promise.all([user, user, user].map(panelPrincipal))
  const again = await panelPrincipal(user)
  expect(new Set([...principals, again]).size).toBe(1)
  expect(again).toMatchObject({ wallet: 'wal_1', rpmLimit: null, models: null })
  expect(calls()).toBe(1)
})

test('a user has the same panel key in every process, and users do not share one', async () => {
  const { process } = setUp()
  const here = await process(1)(user)
  expect((await process(2)(user)).apiKeyId).toBe(here.apiKeyId)
  const other = await process(3)({ userId: 'usr_2', wallet: 'wal_2' })
  expect(other.apiKeyId).not.toBe(here.apiKeyId)
  expect(other.wallet).toBe('wal_2')
})

test('a failed lookup of the panel key is retried at the next request', async () => {
  const keyStore = memoryKeyStore()
  let isUnavailable = true
  const panelPrincipal = createPanelPrincipal({
    keyStore: {
      ...keyStore,
      ensurePanelKey: async (key) => {
        if (isUnavailable) throw new Error('the database is unavailable')
        return keyStore.ensurePanelKey(key)
      },
    },
    clock: fakeClock(),
    random: seededRandom(1),
  })
  await expect(panelPrincipal(user)).rejects.toThrow('unavailable')
  isUnavailable = false
  expect(await panelPrincipal(user)).toMatchObject({ wallet: 'wal_1' })
})
