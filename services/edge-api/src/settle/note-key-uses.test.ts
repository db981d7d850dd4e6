import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import type { RequestRecord } from '../request.ts'
import { chatTrace, endTrace } from './chat-trace.ts'
import { noteKeyUses } from './note-key-uses.ts'

const MINUTE_MS = 60_000

const record = (apiKeyId: string | null, receivedAtMs: number): RequestRecord => ({
  ...endTrace(chatTrace({ requestId: 'req_1', route: 'chat', receivedAtMs }), receivedAtMs),
  apiKeyId,
})

function setUp() {
  const written: RequestRecord[] = []
  const noted: [string, number][][] = []
  const fixture = { logIsAway: false, keysAreAway: false }
  const log = recordedLog()
  const store = noteKeyUses(
    {
      append: async (records) => {
        if (fixture.logIsAway) throw new Error('away')
        written.push(...records)
      },
    },
    {
      keyStore: {
        touchLastUsed: async (uses) => {
          if (fixture.keysAreAway) throw new Error('away')
          noted.push(uses.map(({ apiKeyId, at }) => [apiKeyId, at.getTime()]))
        },
      },
      log,
    },
  )
  return { store, written, noted, fixture, log }
}

test('a batch says once of each key when it was used last', async () => {
  const { store, noted, written } = setUp()
  const batch = [record('key_1', 5), record('key_2', 9), record('key_1', 7), record(null, 8)]
  await store.append(batch)
  expect(written).toEqual(batch)
  expect(noted).toEqual([
    [
      ['key_1', 7],
      ['key_2', 9],
    ],
  ])
})

test('a key is written at most once a minute, however busy it is', async () => {
  const { store, noted } = setUp()
  for (let second = 0; second <= 130; second += 1)
    await store.append([record('key_1', second * 1_000)])
  expect(noted.flat().map(([, atMs]) => atMs)).toEqual([0, 61_000, 122_000])
})

test('a log that was not written notes nothing, and a note that fails does not repeat the log', async () => {
  const { store, noted, written, fixture, log } = setUp()
  fixture.logIsAway = true
  await expect(store.append([record('key_1', 0)])).rejects.toThrow('away')
  fixture.logIsAway = false
  fixture.keysAreAway = true
  await store.append([record('key_1', 0)])
  expect(written).toHaveLength(1)
  expect(log.lines).toHaveLength(1)
  fixture.keysAreAway = false
  await store.append([record('key_1', 2 * MINUTE_MS)])
  expect(noted).toEqual([[['key_1', 2 * MINUTE_MS]]])
})
