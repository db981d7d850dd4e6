import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, it } from 'vitest'

import type { RequestRecord } from '../http/request.ts'
import { chatTrace, endTrace } from '../gateway/chat-trace.ts'
import { requestLog } from './request-log.ts'

const row = (n: number): RequestRecord =>
  endTrace(chatTrace({ requestId: `req_${n}`, route: 'r', receivedAtMs: 0 }), 5)

function rig() {
  const clock = fakeClock()
  const fixture = { isUnavailable: false, batches: [] as number[], tries: 0 }
  const append = async (rows: readonly RequestRecord[]) => {
    fixture.tries += 1
    if (fixture.isUnavailable) throw new Error('unavailable')
    fixture.batches.push(rows.length)
  }
  const log = requestLog({ store: { append }, clock, log: recordedLog() })
  return { clock, fixture, log }
}

it('writes rows in batches, off every caller’s path', async () => {
  const { clock, fixture, log } = rig()
  for (let n = 0; n < 500; n += 1) log.add(row(n))
  expect(fixture.batches).toEqual([])
  await clock.advance(5_000)
  expect(fixture.batches).toEqual([500])
  for (let n = 0; n < 1_500; n += 1) log.add(row(n))
  await clock.advance(1)
  expect(fixture.batches).toEqual([500, 1_000, 500])
})

it('buffers rows while the database is unavailable, and counts the rows it drops', async () => {
  const { clock, fixture, log } = rig()
  fixture.isUnavailable = true
  for (let n = 0; n < 20_007; n += 1) {
    log.add(row(n))
    if (n % 1_000 === 0) await clock.advance(1)
  }
  expect(fixture.tries).toBe(1)
  await clock.advance(5_000)
  expect(log.dropped()).toBe(7)
  fixture.isUnavailable = false
  await clock.advance(5_000)
  expect(fixture.batches.reduce((sum, count) => sum + count, 0)).toBe(20_000)
})

it('writes the remaining rows when the edge stops', async () => {
  const { fixture, log } = rig()
  log.add(row(1))
  await log.stop()
  expect(fixture.batches).toEqual([1])
})
