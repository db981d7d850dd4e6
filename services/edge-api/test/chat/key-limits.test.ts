import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import { dayOf } from '../../src/limits/quota-day.ts'
import type { QuotaStore } from '../../src/store/quota-store.ts'
import { id } from './ids.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

const fixtures: Fixture[] = []
const open = async (options?: FixtureOptions) => {
  const fixture = await createFixture(options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const one of fixtures.splice(0)) await one.close()
})

const errorOf = (text: string) => JSON.parse(text).error
const apiKeyId = id('key', 1)

/** The highest possible and the actual price of the fixture's question. */
async function pricesOfQuestion() {
  const { chat, ledger, stop } = await open()
  await chat()
  await stop()
  const [record] = ledger.records
  if (!record) throw new Error('the question was not charged')
  return { worstMicro: record.reservedMicro, chargedMicro: record.amountMicro }
}

async function usedOf({ quotaStore, deps }: Fixture) {
  const day = dayOf(deps.clock.nowMs())
  return (await quotaStore.readUsed({ apiKeyIds: [apiKeyId], day })).get(apiKeyId) ?? 0n
}

describe('a key with an IP whitelist', () => {
  it('is accepted from listed networks only, and the refusal reveals no address', async () => {
    const inside = await open({ networks: ['10.0.0.0/8', '127.0.0.0/8'] })
    expect((await inside.chat()).status).toBe(200)
    const { chat, get, simulator, ledger } = await open({ networks: ['10.0.0.0/8'] })
    const { status, text, headers } = await chat()
    expect([status, headers['x-should-retry']]).toEqual([403, undefined])
    expect(errorOf(text)).toMatchObject({
      code: 'address_not_allowed',
      type: 'invalid_request_error',
    })
    expect(text).not.toMatch(/127\.|10\.|\/8/)
    expect((await get('/v1/models')).statusCode).toBe(403)
    expect(simulator.log()).toEqual([])
    expect(ledger.open()).toBe(0)
  })

  it('does not count refused requests in its rate limit', async () => {
    const config = { trustedProxyHops: 1 }
    const { chat } = await open({ networks: ['203.0.113.7/32'], rpmLimit: 1, config })
    const from = (address: string) => chat({}, { 'x-forwarded-for': address })
    for (let n = 0; n < 3; n += 1) expect((await from('203.0.113.8')).status).toBe(403)
    expect((await from('203.0.113.7')).status).toBe(200)
    expect((await from('203.0.113.7')).status).toBe(429)
  })

  it.each([
    ['the last bit is compared', '2001:db8::1/128', '2001:db8::1', 200],
    ['an adjacent address in the same /64 is refused', '2001:db8::1/128', '2001:db8::2', 403],
    ['an IPv4-mapped IPv6 address is accepted', '203.0.113.0/24', '::ffff:203.0.113.9', 200],
    ['a port after the address is ignored', '203.0.113.0/24', '203.0.113.9:4711', 200],
    ['addresses that the caller sent are ignored', '10.0.0.0/8', '10.1.1.1, 203.0.113.9', 403],
    ['an invalid address matches no network', '0.0.0.0/0', 'unknown', 403],
  ])('behind a trusted proxy: %s', async (_name, network, forwarded, status) => {
    const { chat } = await open({ networks: [network], config: { trustedProxyHops: 1 } })
    expect((await chat({}, { 'x-forwarded-for': forwarded })).status).toBe(status)
  })
})

describe('a key with a daily quota', () => {
  it('is refused before any upstream call when the worst case exceeds the rest of the quota', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
    const fixture = await open({ dailyQuotaMicro: worstMicro - 1n, clock })
    const { status, text, headers } = await fixture.chat()
    expect([status, headers['x-should-retry'], headers['retry-after']]).toEqual([
      429,
      'false',
      // It is 9:00 UTC; the quota resets at midnight.
      String(15 * 3_600),
    ])
    expect(errorOf(text)).toMatchObject({
      code: 'daily_quota_exceeded',
      type: 'insufficient_quota',
      resets_at: '2026-11-22T00:00:00.000Z',
    })
    expect(fixture.simulator.log()).toEqual([])
    expect(fixture.ledger.open()).toBe(0)
    expect(await usedOf(fixture)).toBe(0n)
  })

  it('spends what was charged, not what was reserved, and resets at midnight UTC', async () => {
    const { worstMicro, chargedMicro } = await pricesOfQuestion()
    const clock = fakeClock(Date.UTC(2026, 10, 21, 23, 59))
    const fixture = await open({ dailyQuotaMicro: worstMicro + chargedMicro, clock })
    expect((await fixture.chat()).status).toBe(200)
    expect((await fixture.chat()).status).toBe(200)
    await clock.advance(25)
    expect(await usedOf(fixture)).toBe(2n * chargedMicro)
    expect((await fixture.chat()).status).toBe(429)
    await clock.advance(60_000)
    expect(await usedOf(fixture)).toBe(0n)
    expect((await fixture.chat()).status).toBe(200)
  })

  it('never exceeds it, with any number of parallel calls at two edges', async () => {
    const { worstMicro, chargedMicro } = await pricesOfQuestion()
    const dailyQuotaMicro = 3n * worstMicro + 2n * chargedMicro
    const one = await open({ dailyQuotaMicro })
    const { bus, keyStore, quotaStore } = one
    const two = await open({ override: () => ({ bus, keyStore, quotaStore }) })
    const calls = Array.from({ length: 40 }, (_none, n) => (n % 2 === 0 ? one : two).chat())
    const statuses = new Set((await Promise.all(calls)).map(({ status }) => status))
    expect(statuses).toEqual(new Set([200, 429]))
    await one.stop()
    await two.stop()
    const records = [...one.ledger.records, ...two.ledger.records]
    const paidMicro = records.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
    expect(records.length).toBeGreaterThanOrEqual(3)
    expect(paidMicro).toBeLessThanOrEqual(dailyQuotaMicro)
    expect(await usedOf(one)).toBe(paidMicro)
    expect(quotaStore.readDays().every(({ reservedMicro }) => reservedMicro === 0n)).toBe(true)
  })

  it('gets the whole reservation back for a call that cost nothing', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const fixture = await open({ dailyQuotaMicro: worstMicro })
    const refuse = { behaviour: { kind: 'status', status: 400 }, times: 1 } as const
    fixture.simulator.script(refuse)
    expect((await fixture.chat()).status).toBe(400)
    expect((await fixture.chat()).status).toBe(200)
    const penniless = await open({ dailyQuotaMicro: worstMicro, balanceMicro: 0n })
    expect((await penniless.chat()).status).toBe(402)
    await penniless.stop()
    expect(await usedOf(penniless)).toBe(0n)
  })

  it('does not spend again for a repeated Idempotency-Key', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const fixture = await open({ dailyQuotaMicro: worstMicro })
    const headers = { 'idempotency-key': 'order-17' }
    const first = await fixture.chat({}, headers)
    const again = await fixture.chat({}, headers)
    expect([first.status, again.status]).toEqual([200, 200])
    expect(again.text).toBe(first.text)
    expect((await fixture.chat()).status).toBe(429)
  })

  it('answers 503 while the database is unavailable; keys without a quota do not need it', async () => {
    const unavailable = async () => {
      throw new AppError('unavailable', 'the database is unavailable')
    }
    const quotaStore: QuotaStore = {
      reserve: unavailable,
      settle: unavailable,
      readUsed: unavailable,
      listOpen: unavailable,
      prune: unavailable,
    }
    const override = () => ({ quotaStore })
    const limited = await open({ dailyQuotaMicro: 1_000_000_000n, override })
    expect((await limited.chat()).status).toBe(503)
    expect(limited.simulator.log()).toEqual([])
    const free = await open({ override })
    expect((await free.chat()).status).toBe(200)
  })
})
