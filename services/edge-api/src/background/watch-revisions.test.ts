import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, it, onTestFinished } from 'vitest'

import { watchRevisions } from './watch-revisions.ts'

const EVERY_MS = 500

async function setUp({ isUnavailable = false } = {}) {
  const clock = fakeClock()
  const state = { catalog: 1, prices: 1, apiKeys: 5, isUnavailable, reads: 0, lists: 0 }
  const changed: { id: string; revision: number }[] = []
  const invalidated: (readonly string[] | 'all')[] = []
  const ensured: unknown[] = []
  const watch = watchRevisions({
    revisionStore: {
      readRevisions: async () => {
        state.reads += 1
        if (state.isUnavailable) throw new Error('unavailable')
        return { catalog: state.catalog, prices: state.prices, apiKeys: state.apiKeys }
      },
      listChangedKeys: async ({ since, limit }) => {
        state.lists += 1
        return changed
          .filter(({ revision }) => revision > since)
          .toReversed()
          .slice(0, limit)
      },
    },
    catalog: { ensureRevisions: async (revisions) => void ensured.push(revisions) },
    authenticator: {
      invalidate: (ids) => void invalidated.push(ids),
      invalidateAll: () => void invalidated.push('all'),
    },
    clock,
    log: recordedLog(),
    everyMs: EVERY_MS,
  })
  onTestFinished(() => watch.stop())
  await watch.start()
  const change = (...ids: string[]) => {
    for (const id of ids) changed.push({ id, revision: (state.apiKeys += 1) })
  }
  return { clock, state, change, invalidated, ensured, round: () => clock.advance(EVERY_MS) }
}

it('queries only the revisions while nothing changes', async () => {
  const { clock, state, invalidated } = await setUp()
  await clock.advance(10 * EVERY_MS)
  expect(state).toMatchObject({ reads: 11, lists: 0 })
  expect(invalidated).toEqual(['all'])
})

it('invalidates exactly the changed keys, and passes on the revisions of channels and prices', async () => {
  const { state, change, invalidated, ensured, round } = await setUp()
  change('key_1', 'key_2')
  state.prices = 2
  await round()
  await round()
  expect(invalidated).toEqual(['all', ['key_2', 'key_1']])
  expect(ensured.at(-1)).toEqual({ version: 1, prices: 2 })
})

it.each([
  ['a key was deleted, so that no row has the newest revision', { apiKeys: 6 }],
  ['the revision went back: another database', { apiKeys: 2 }],
])('invalidates all keys when %s', async (_name, next) => {
  const { state, invalidated, round } = await setUp()
  Object.assign(state, next)
  await round()
  await round()
  expect(invalidated).toEqual(['all', 'all'])
})

it('invalidates all keys when too many have changed', async () => {
  const { change, invalidated, round } = await setUp()
  change(...Array.from({ length: 1_000 }, (_, index) => `key_${index}`))
  await round()
  expect(invalidated).toEqual(['all', 'all'])
})

it('misses no change that was made while the database was unavailable', async () => {
  const { state, change, invalidated, round } = await setUp()
  state.isUnavailable = true
  await round()
  change('key_1')
  await round()
  state.isUnavailable = false
  await round()
  expect(invalidated).toEqual(['all', ['key_1']])
})

it('invalidates everything at the first successful poll after a failed start', async () => {
  const { state, invalidated, round } = await setUp({ isUnavailable: true })
  expect(invalidated).toEqual([])
  state.isUnavailable = false
  await round()
  expect(invalidated).toEqual(['all'])
})
