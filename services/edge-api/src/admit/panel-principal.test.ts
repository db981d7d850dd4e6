import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { memoryKeyStore } from '../store/memory-key-store.ts'
import { createPanelPrincipal } from './panel-principal.ts'

const user = { userId: 'usr_1', wallet: 'wal_1' }

function setUp() {
  const keyStore = memoryKeyStore()
  let asked = 0
  const counted = {
    ...keyStore,
    ensurePanelKey: (key: Parameters<typeof keyStore.ensurePanelKey>[0]) => {
      asked += 1
      return keyStore.ensurePanelKey(key)
    },
  }
  const process = (seed: number) =>
    createPanelPrincipal({ keyStore: counted, clock: fakeClock(), random: seededRandom(seed) })
  return { process, asked: () => asked }
}

test('a person draws under one key without limits, looked up once a process', async () => {
  const { process, asked } = setUp()
  const panelPrincipal = process(1)
  const principals = await Promise.all([user, user, user].map(panelPrincipal))
  const again = await panelPrincipal(user)
  expect(new Set([...principals, again]).size).toBe(1)
  expect(again).toMatchObject({ wallet: 'wal_1', rpmLimit: null, models: null })
  expect(asked()).toBe(1)
})

test('processes agree on the key of a person, and people do not share one', async () => {
  const { process } = setUp()
  const here = await process(1)(user)
  expect((await process(2)(user)).apiKeyId).toBe(here.apiKeyId)
  const other = await process(3)({ userId: 'usr_2', wallet: 'wal_2' })
  expect(other.apiKeyId).not.toBe(here.apiKeyId)
  expect(other.wallet).toBe('wal_2')
})

test('a person whose key could not be looked up is served at the next try', async () => {
  const keyStore = memoryKeyStore()
  let isAway = true
  const panelPrincipal = createPanelPrincipal({
    keyStore: {
      ...keyStore,
      ensurePanelKey: async (key) => {
        if (isAway) throw new Error('the database is away')
        return keyStore.ensurePanelKey(key)
      },
    },
    clock: fakeClock(),
    random: seededRandom(1),
  })
  await expect(panelPrincipal(user)).rejects.toThrow('away')
  isAway = false
  expect(await panelPrincipal(user)).toMatchObject({ wallet: 'wal_1' })
})
