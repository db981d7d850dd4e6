import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import { dayOf } from '../../src/admit/quota-day.ts'
import type { QuotaStore } from '../../src/store/quota-store.ts'
import { id } from './ids.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

const open: Fixture[] = []
const opened = async (options?: FixtureOptions) => {
  const made = await createFixture(options)
  open.push(made)
  return made
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const errorOf = (text: string) => JSON.parse(text).error
const apiKeyId = id('key', 1)

/** What the question costs at most, and in truth. */
async function pricesOfQuestion() {
  const { chat, ledger, stop } = await opened()
  await chat()
  await stop()
  const [record] = ledger.records
  if (!record) throw new Error('the question is charged')
  return { worstMicro: record.reservedMicro, chargedMicro: record.amountMicro }
}

async function usedOf({ quotaStore, deps }: Fixture) {
  const day = dayOf(deps.clock.nowMs())
  return (await quotaStore.readUsed({ apiKeyIds: [apiKeyId], day })).get(apiKeyId) ?? 0n
}

describe('a key that is bound to networks', () => {
  it('is used from them, and refused from elsewhere without a word of either', async () => {
    const inside = await opened({ networks: ['10.0.0.0/8', '127.0.0.0/8'] })
    expect((await inside.chat()).status).toBe(200)
    const { chat, get, simulator, ledger } = await opened({ networks: ['10.0.0.0/8'] })
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

  it('spends nothing of its rate limit where it is refused', async () => {
    const config = { trustedProxyHops: 1 }
    const { chat } = await opened({ networks: ['203.0.113.7/32'], rpmLimit: 1, config })
    const from = (address: string) => chat({}, { 'x-forwarded-for': address })
    for (let n = 0; n < 3; n += 1) expect((await from('203.0.113.8')).status).toBe(403)
    expect((await from('203.0.113.7')).status).toBe(200)
    expect((await from('203.0.113.7')).status).toBe(429)
  })

  it.each([
    ['the last bit counts', '2001:db8::1/128', '2001:db8::1', 200],
    ['a neighbour in the same /64 is another', '2001:db8::1/128', '2001:db8::2', 403],
    ['IPv4 may be written as IPv6', '203.0.113.0/24', '::ffff:203.0.113.9', 200],
    ['a proxy may write the port', '203.0.113.0/24', '203.0.113.9:4711', 200],
    ['what the caller claims does not count', '10.0.0.0/8', '10.1.1.1, 203.0.113.9', 403],
    ['what is no address is nowhere', '0.0.0.0/0', 'unknown', 403],
  ])('behind a proxy of ours: %s', async (_name, network, forwarded, status) => {
    const { chat } = await opened({ networks: [network], config: { trustedProxyHops: 1 } })
    expect((await chat({}, { 'x-forwarded-for': forwarded })).status).toBe(status)
  })
})

describe('a key with a daily quota', () => {
  it('is refused before anybody is asked when the worst case does not fit', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
    const here = await opened({ dailyQuotaMicro: worstMicro - 1n, clock })
    const { status, text, headers } = await here.chat()
    expect([status, headers['x-should-retry'], headers['retry-after']]).toEqual([
      429,
      'false',
      // At nine; the quota begins anew at midnight.
      String(15 * 3_600),
    ])
    expect(errorOf(text)).toMatchObject({
      code: 'daily_quota_exceeded',
      type: 'insufficient_quota',
      resets_at: '2026-11-22T00:00:00.000Z',
    })
    expect(here.simulator.log()).toEqual([])
    expect(here.ledger.open()).toBe(0)
    expect(await usedOf(here)).toBe(0n)
  })

  it('spends what was charged and not what was reserved, and begins anew at midnight UTC', async () => {
    const { worstMicro, chargedMicro } = await pricesOfQuestion()
    const clock = fakeClock(Date.UTC(2026, 10, 21, 23, 59))
    const here = await opened({ dailyQuotaMicro: worstMicro + chargedMicro, clock })
    expect((await here.chat()).status).toBe(200)
    expect((await here.chat()).status).toBe(200)
    await clock.advance(25)
    expect(await usedOf(here)).toBe(2n * chargedMicro)
    expect((await here.chat()).status).toBe(429)
    await clock.advance(60_000)
    expect(await usedOf(here)).toBe(0n)
    expect((await here.chat()).status).toBe(200)
  })

  it('never spends more, by whatever number of parallel calls at two edges', async () => {
    const { worstMicro, chargedMicro } = await pricesOfQuestion()
    const dailyQuotaMicro = 3n * worstMicro + 2n * chargedMicro
    const one = await opened({ dailyQuotaMicro })
    const { bus, keyStore, quotaStore } = one
    const two = await opened({ override: () => ({ bus, keyStore, quotaStore }) })
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

  it('gets everything back of a call that cost nothing', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const here = await opened({ dailyQuotaMicro: worstMicro })
    const refuse = { behaviour: { kind: 'status', status: 400 }, times: 1 } as const
    here.simulator.script(refuse)
    expect((await here.chat()).status).toBe(400)
    expect((await here.chat()).status).toBe(200)
    const broke = await opened({ dailyQuotaMicro: worstMicro, balanceMicro: 0n })
    expect((await broke.chat()).status).toBe(402)
    await broke.stop()
    expect(await usedOf(broke)).toBe(0n)
  })

  it('answers a repeat of an Idempotency-Key without spending again', async () => {
    const { worstMicro } = await pricesOfQuestion()
    const here = await opened({ dailyQuotaMicro: worstMicro })
    const headers = { 'idempotency-key': 'order-17' }
    const first = await here.chat({}, headers)
    const again = await here.chat({}, headers)
    expect([first.status, again.status]).toEqual([200, 200])
    expect(again.text).toBe(first.text)
    expect((await here.chat()).status).toBe(429)
  })

  it('waits with 503 while the database is away; keys without a quota do not ask it', async () => {
    const away = async () => {
      throw new AppError('unavailable', 'the database is away')
    }
    const quotaStore: QuotaStore = {
      reserve: away,
      settle: away,
      readUsed: away,
      listOpen: away,
      prune: away,
    }
    const override = () => ({ quotaStore })
    const limited = await opened({ dailyQuotaMicro: 1_000_000_000n, override })
    expect((await limited.chat()).status).toBe(503)
    expect(limited.simulator.log()).toEqual([])
    const free = await opened({ override })
    expect((await free.chat()).status).toBe(200)
  })
})
