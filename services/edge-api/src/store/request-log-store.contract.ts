import { beforeEach, describe, expect, it } from 'vitest'

import type { RequestRecord } from '../http/request.ts'
import { loggedRequest } from '../../test/logged-request.ts'
import type { RequestLogStore } from './request-log-store.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2026, 10, 21, 12)
const later = (ms: number) => new Date(NOON + ms)

/** The contract of every request log. `make` returns an empty one. */
export function requestLogStoreContract(make: () => Promise<RequestLogStore>): void {
  let store: RequestLogStore
  let rows: number
  beforeEach(async () => {
    store = await make()
    rows = 0
  })

  const log = (facts: Partial<RequestRecord> = {}) => {
    rows += 1
    return store.append([loggedRequest({ requestId: `req_${rows}`, ...facts })])
  }
  const range = { wallet: 'wal_1', from: later(-DAY_MS), until: later(2 * DAY_MS) }

  describe('counting by day and model', () => {
    const count = async (facts: object = {}) => {
      const counted = await store.countByDay({ ...range, rowsMax: 100, ...facts })
      return counted.toSorted((a, b) => (a.day + a.model < b.day + b.model ? -1 : 1))
    }

    it('counts requests and failures of a wallet, by UTC day', async () => {
      await log({ receivedAtMs: Date.UTC(2026, 10, 21, 0, 0) })
      await log({ receivedAtMs: Date.UTC(2026, 10, 21, 23, 59, 59, 999) })
      await log({ receivedAtMs: Date.UTC(2026, 10, 22), errorCode: 'upstream_failed', status: 502 })
      await log({ errorCode: 'invalid_value', status: 400 })
      await log({ model: 'gpt-image-2' })
      expect(await count()).toEqual([
        { day: '2026-11-21', model: 'gpt-5', requests: 3, failures: 1 },
        { day: '2026-11-21', model: 'gpt-image-2', requests: 1, failures: 0 },
        { day: '2026-11-22', model: 'gpt-5', requests: 1, failures: 1 },
      ])
    })

    it('counts requests without a known model under an empty name', async () => {
      await log({ model: null, errorCode: 'model_not_found', status: 404 })
      expect(await count()).toEqual([{ day: '2026-11-21', model: '', requests: 1, failures: 1 }])
    })

    it('does not count a disconnected caller as a failure', async () => {
      await log({ errorCode: 'caller_gone', status: 499 })
      expect(await count()).toMatchObject([{ requests: 1, failures: 0 }])
    })

    it('excludes failures of image tasks, but counts requests rejected before', async () => {
      const model = 'gpt-image-2'
      await log({ model, errorCode: 'upstream_failed', status: 502, taskId: 'img_1' })
      await log({ model, status: 202, taskId: 'img_2' })
      await log({ model, errorCode: 'insufficient_credits', status: 402 })
      expect(await count()).toEqual([{ day: '2026-11-21', model, requests: 3, failures: 1 }])
    })

    it('filters by wallet, time range, API key and model', async () => {
      await log()
      await log({ wallet: 'wal_2' })
      await log({ wallet: null, apiKeyId: null })
      await log({ apiKeyId: 'key_2', model: 'gpt-4o' })
      const models = async (facts: object) => (await count(facts)).map(({ model }) => model)
      expect(await models({})).toEqual(['gpt-4o', 'gpt-5'])
      expect(await models({ apiKeyId: 'key_2' })).toEqual(['gpt-4o'])
      expect(await models({ model: 'gpt-5' })).toEqual(['gpt-5'])
      expect(await models({ until: later(0) })).toEqual([])
      expect(await models({ from: later(1) })).toEqual([])
      expect(await models({ rowsMax: 1 })).toHaveLength(1)
    })
  })

  describe('latency', () => {
    it('includes successful answers only, by day and in total', async () => {
      for (let n = 1; n <= 100; n += 1) await log({ durationMs: n })
      await log({ durationMs: 5_000, receivedAtMs: NOON + DAY_MS })
      await log({ durationMs: 90_000, errorCode: 'upstream_timeout', status: 504 })
      await log({ durationMs: 90_000, wallet: 'wal_2' })
      // The response to an accepted task does not include generating its pictures.
      await log({ durationMs: 1, status: 202 })
      expect(await store.readLatency(range)).toEqual({
        p50Ms: 51,
        p95Ms: 96,
        days: [
          { day: '2026-11-21', p50Ms: 50, p95Ms: 95 },
          { day: '2026-11-22', p50Ms: 5_000, p95Ms: 5_000 },
        ],
      })
    })

    it('is null without a successful answer', async () => {
      await log({ errorCode: 'upstream_failed', status: 502 })
      const unknown = { p50Ms: null, p95Ms: null, days: [] }
      expect(await store.readLatency(range)).toEqual(unknown)
    })
  })

  it('reports whether a wallet has any request', async () => {
    await log({ wallet: 'wal_2' })
    expect(await store.hasRequests('wal_1')).toBe(false)
    expect(await store.hasRequests('wal_2')).toBe(true)
  })

  it('counts all requests by the minute of their arrival, with server failures', async () => {
    await log({ wallet: null })
    await log({ receivedAtMs: NOON + 59_999, errorCode: 'upstream_failed', status: 502 })
    await log({ receivedAtMs: NOON + 120_000, errorCode: 'invalid_api_key', status: 401 })
    await log({ receivedAtMs: NOON - 1 })
    await log({ receivedAtMs: NOON + 180_000 })
    expect(await store.countByMinute({ from: later(0), until: later(180_000) })).toEqual([
      { at: later(0), requests: 2, failures: 1 },
      { at: later(120_000), requests: 1, failures: 0 },
    ])
  })

  it('counts requests that ended in a range, also those that began long before', async () => {
    await log({ receivedAtMs: NOON - 1_000, durationMs: 999 })
    await log({ receivedAtMs: NOON - 1_000, durationMs: 1_000 })
    await log({
      receivedAtMs: NOON - 30_000,
      durationMs: 60_000,
      errorCode: 'internal_error',
      status: 500,
    })
    await log({ receivedAtMs: NOON + 1_000, durationMs: 58_999 })
    await log({ receivedAtMs: NOON + 1_000, durationMs: 59_000 })
    const between = { from: later(0), until: later(60_000) }
    expect(await store.countEnded({ ...between, lookBackMs: 30_000 })).toEqual({
      requests: 3,
      failures: 1,
    })
    expect(await store.countEnded({ ...between, lookBackMs: 29_999 })).toEqual({
      requests: 2,
      failures: 0,
    })
  })
}
