import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import type { RequestRecord } from '../http/request.ts'
import { chatTrace, endTrace } from '../gateway/chat-trace.ts'
import { touchUsedKeys } from './touch-used-keys.ts'

const MINUTE_MS = 60_000

const record = (apiKeyId: string | null, receivedAtMs: number): RequestRecord => ({
  ...endTrace(chatTrace({ requestId: 'req_1', route: 'chat', receivedAtMs }), receivedAtMs),
  apiKeyId,
})

function setUp() {
  const written: RequestRecord[] = []
  const touched: [string, number][][] = []
  const fixture = { logFails: false, keysFail: false }
  const log = recordedLog()
  const store = touchUsedKeys(
    {
      append: async (records) => {
        if (fixture.logFails) throw new Error('unavailable')
        written.push(...records)
      },
    },
    {
      keyStore: {
        touchLastUsed: async (uses) => {
          if (fixture.keysFail) throw new Error('unavailable')
          touched.push(uses.map(({ apiKeyId, at }) => [apiKeyId, at.getTime()]))
        },
      },
      log,
    },
  )
  return { store, written, touched, fixture, log }
}

test('a batch updates the last use of each key once', async () => {
  const { store, touched, written } = setUp()
  const batch = [record('key_1', 5), record('key_2', 9), record('key_1', 7), record(null, 8)]
  await store.append(batch)
  expect(written).toEqual(batch)
  expect(touched).toEqual([
    [
      ['key_1', 7],
      ['key_2', 9],
    ],
  ])
})

test('a key is updated at most once a minute', async () => {
  const { store, touched } = setUp()
  for (let second = 0; second <= 130; second += 1)
    await store.append([record('key_1', second * 1_000)])
  expect(touched.flat().map(([, atMs]) => atMs)).toEqual([0, 61_000, 122_000])
})

test('a failed log write updates no key, and a failed key update does not repeat the log', async () => {
  const { store, touched, written, fixture, log } = setUp()
  fixture.logFails = true
  await expect(store.append([record('key_1', 0)])).rejects.toThrow('unavailable')
  fixture.logFails = false
  fixture.keysFail = true
  await store.append([record('key_1', 0)])
  expect(written).toHaveLength(1)
  expect(log.lines).toHaveLength(1)
  fixture.keysFail = false
  await store.append([record('key_1', 2 * MINUTE_MS)])
  expect(touched).toEqual([[['key_1', 2 * MINUTE_MS]]])
})
