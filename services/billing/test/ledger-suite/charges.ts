import { describe, expect, it } from 'vitest'

import { captureCalls, captureJob } from '../../src/ledger/charge.ts'
import type { Hold } from '../../src/ledger/hold.ts'
import { refundHold, voidJob } from '../../src/ledger/hold.ts'
import type { LedgerUnderTest } from './fixtures.ts'
import {
  allowance,
  grant,
  hex,
  jobHold,
  later,
  openAllowance,
  other,
  post,
  record,
  wallet,
} from './fixtures.ts'

const DAY_MS = 86_400_000
const apiKeyId = `key_${hex(7)}`
const picture = { width: 1024, height: 1024, quality: 'low' } as const

/** The queries on charges. */
export function chargesSuite(make: () => Promise<LedgerUnderTest>): void {
  const openJob = async (ledger: LedgerUnderTest, number: number, facts: Partial<Hold> = {}) => {
    const opened = jobHold(number, 100n, facts)
    await ledger.store.openHold(opened)
    return opened.hold
  }
  const charge = async (ledger: LedgerUnderTest, hold: Hold, ratedMicro: bigint, pictures = 1) => {
    const usage = {
      kind: 'images' as const,
      pictures: Array.from({ length: pictures }, () => picture),
    }
    const facts = { source: 'upstream' as const, apiKeyId, availableMicro: 0n }
    const captured = captureJob({ hold, usage, ratedMicro, ...facts, at: later(5_000) })
    await post(ledger, captured)
    return captured.hold
  }
  const callOn = async (
    ledger: LedgerUnderTest,
    calls: { number: number; amountMicro: bigint; atMs: number; model?: string }[],
    posting = 'tr_1',
  ) => {
    const { hold } = allowance(1, 1_000n)
    const records = calls.map(({ number, amountMicro, atMs, model = 'gpt-5' }) => ({
      ...record(number, hold.id, amountMicro),
      model,
      endedAt: later(atMs),
    }))
    const dueMicro = calls.reduce((total, { amountMicro }) => total + amountMicro, 0n)
    const facts = { lossMicro: 0n, availableMicro: 0n, postingId: posting, at: later(9_000) }
    const captured = captureCalls({ hold, dueMicro, ...facts })
    await ledger.store.inTransaction(async (tx) => {
      await tx.lockHolds([hold.id])
      await tx.addUsage(
        records.map((one) => ({ record: one, postingId: posting })),
        later(9_000),
      )
      await tx.post({ holds: [captured.hold], transfers: captured.transfers })
    })
  }
  const setUp = async () => {
    const ledger = await make()
    await grant(ledger, 10_000n)
    await openAllowance(ledger, allowance(1, 1_000n))
    return ledger
  }

  describe('usage by day and model', () => {
    const everything = { wallet, from: later(-DAY_MS), until: later(2 * DAY_MS), rowsMax: 100 }

    it('sums jobs and calls, each on the day of its request', async () => {
      const ledger = await setUp()
      await charge(ledger, await openJob(ledger, 1), 30n, 2)
      await charge(ledger, await openJob(ledger, 2), 12n)
      await openJob(ledger, 3, { openedAt: later(DAY_MS) })
      await callOn(ledger, [
        { number: 1, amountMicro: 4n, atMs: 0 },
        { number: 2, amountMicro: 5n, atMs: DAY_MS },
        { number: 3, amountMicro: 6n, atMs: DAY_MS },
      ])
      const rows = await ledger.store.readUsage(everything)
      const none = { inputTokens: 0, outputTokens: 0, pictures: 0 }
      expect(rows.toSorted((a, b) => (a.day + a.model < b.day + b.model ? -1 : 1))).toEqual([
        {
          ...none,
          day: '2026-06-01',
          model: 'gpt-5',
          calls: 1,
          inputTokens: 10,
          outputTokens: 3,
          chargedMicro: 4n,
        },
        {
          ...none,
          day: '2026-06-01',
          model: 'gpt-image-1',
          calls: 2,
          pictures: 3,
          chargedMicro: 42n,
        },
        {
          ...none,
          day: '2026-06-02',
          model: 'gpt-5',
          calls: 2,
          inputTokens: 20,
          outputTokens: 6,
          chargedMicro: 11n,
        },
        { ...none, day: '2026-06-02', model: 'gpt-image-1', calls: 1, chargedMicro: 0n },
      ])
    })

    it('is filtered by wallet, time range, API key and model', async () => {
      const ledger = await setUp()
      await grant(ledger, 10_000n, other)
      await openJob(ledger, 9, { wallet: other })
      await charge(ledger, await openJob(ledger, 1), 30n)
      await callOn(ledger, [{ number: 1, amountMicro: 4n, atMs: 0 }])
      const models = async (facts: object) =>
        (await ledger.store.readUsage({ ...everything, ...facts })).map(({ model }) => model).sort()
      expect(await models({})).toEqual(['gpt-5', 'gpt-image-1'])
      expect(await models({ model: 'gpt-5' })).toEqual(['gpt-5'])
      expect(await models({ apiKeyId })).toEqual(['gpt-image-1'])
      expect(await models({ until: later(0) })).toEqual([])
      expect(await models({ from: later(1) })).toEqual([])
      expect(await models({ wallet: `wal_${hex(3)}` })).toEqual([])
      expect(await models({ rowsMax: 1 })).toHaveLength(1)
    })
  })

  describe('the list of charges', () => {
    const all = { wallet, limit: 100 }

    it('has jobs and calls in one order, newest first, and paging repeats and skips no charge', async () => {
      const ledger = await setUp()
      for (const number of [1, 2, 3]) {
        await openJob(ledger, number, { openedAt: later(number * 1_000) })
      }
      await callOn(
        ledger,
        [1, 2, 3, 4].map((number) => ({ number, amountMicro: 1n, atMs: number * 1_000 })),
      )
      const ids = [
        `req_${hex(4)}`,
        ...[3, 2, 1].flatMap((number) => [`req_${hex(number)}`, `img_${hex(number)}`]),
      ]
      const whole = await ledger.store.listCharges(all)
      expect(whole.map(({ id }) => id)).toEqual(ids)
      const paged: string[] = []
      let after: { at: Date; id: string } | undefined
      for (let page = 0; page < 4; page += 1) {
        const charges = await ledger.store.listCharges({ ...all, after, limit: 2 })
        paged.push(...charges.map(({ id }) => id))
        after = charges.at(-1)
      }
      expect(paged).toEqual(ids)
    })

    it('has the kind and the state of each charge', async () => {
      const ledger = await setUp()
      await openJob(ledger, 1, { openedAt: later(1) })
      await charge(ledger, await openJob(ledger, 2, { openedAt: later(2) }), 30n)
      const hold = await openJob(ledger, 3, { openedAt: later(3) })
      await post(ledger, voidJob({ hold, at: later(9) }))
      await callOn(ledger, [
        { number: 4, amountMicro: 4n, atMs: 4 },
        { number: 5, amountMicro: 0n, atMs: 5 },
      ])
      const listed = await ledger.store.listCharges(all)
      const images = { kind: 'images', model: 'gpt-image-1', apiKeyId: null, chargedMicro: 0n }
      const tokens = { kind: 'tokens', model: 'gpt-5', apiKeyId: `key_${hex(1)}` }
      expect(listed).toEqual([
        { ...tokens, id: `req_${hex(5)}`, state: 'free', chargedMicro: 0n, at: later(5) },
        { ...tokens, id: `req_${hex(4)}`, state: 'charged', chargedMicro: 4n, at: later(4) },
        { ...images, id: `img_${hex(3)}`, state: 'free', at: later(3) },
        {
          ...images,
          id: `img_${hex(2)}`,
          state: 'charged',
          chargedMicro: 30n,
          apiKeyId,
          at: later(2),
        },
        { ...images, id: `img_${hex(1)}`, state: 'open', at: later(1) },
      ])
    })

    it('is filtered by wallet, time range, model and kind', async () => {
      const ledger = await setUp()
      await grant(ledger, 10_000n, other)
      await openJob(ledger, 9, { wallet: other })
      await openJob(ledger, 1, { openedAt: later(1_000) })
      await callOn(ledger, [
        { number: 1, amountMicro: 1n, atMs: 2_000 },
        { number: 2, amountMicro: 1n, atMs: 3_000, model: 'gpt-4o' },
      ])
      const ids = async (facts: object) =>
        (await ledger.store.listCharges({ ...all, ...facts })).map(({ id }) => id)
      expect(await ids({ kind: 'images' })).toEqual([`img_${hex(1)}`])
      expect(await ids({ kind: 'tokens' })).toEqual([`req_${hex(2)}`, `req_${hex(1)}`])
      expect(await ids({ model: 'gpt-4o' })).toEqual([`req_${hex(2)}`])
      expect(await ids({ from: later(2_000), until: later(3_000) })).toEqual([`req_${hex(1)}`])
      expect(await ids({ wallet: `wal_${hex(3)}` })).toEqual([])
    })
  })

  describe('one charge', () => {
    it('of a job has all its entries, including refunds, in order', async () => {
      const ledger = await setUp()
      const charged = await charge(ledger, await openJob(ledger, 1), 30n)
      const facts = { transferId: 'refund-0001', memo: 'sorry', at: later(9_000) }
      await post(ledger, refundHold({ hold: charged, amountMicro: 7n, ...facts }))
      const found = await ledger.store.findCharge({ wallet, id: `img_${hex(1)}` })
      expect(found?.kind === 'job' && found.hold).toMatchObject({
        capturedMicro: 30n,
        releasedMicro: 70n,
        refundedMicro: 7n,
      })
      expect(found?.entries.map(({ kind, amountMicro }) => [kind, amountMicro])).toEqual([
        ['hold', 100n],
        ['capture', 30n],
        ['release', 70n],
        ['refund', 7n],
      ])
    })

    it('of a call has the entry of the batch that captured it', async () => {
      const ledger = await setUp()
      await callOn(ledger, [
        { number: 1, amountMicro: 4n, atMs: 0 },
        { number: 2, amountMicro: 5n, atMs: 0 },
      ])
      const found = await ledger.store.findCharge({ wallet, id: `req_${hex(2)}` })
      expect(found?.kind === 'call' && found.record).toMatchObject({ amountMicro: 5n })
      expect(found?.entries).toMatchObject([{ id: 'tr_1:capture', amountMicro: 9n }])
    })

    it('of another wallet, or with an unknown id, is not found', async () => {
      const ledger = await setUp()
      await openJob(ledger, 1)
      await callOn(ledger, [{ number: 1, amountMicro: 4n, atMs: 0 }])
      const find = (id: string, of = wallet) => ledger.store.findCharge({ wallet: of, id })
      expect(await find(`img_${hex(1)}`, other)).toBeUndefined()
      expect(await find(`req_${hex(1)}`, other)).toBeUndefined()
      expect(await find(`img_${hex(2)}`)).toBeUndefined()
      // An allowance is not a charge.
      expect(await find(`alw_${hex(1)}`)).toBeUndefined()
    })
  })

  describe('totals', () => {
    it('are the held, the available and the charged amount of all wallets', async () => {
      const ledger = await setUp()
      await grant(ledger, 5_000n, other)
      await charge(ledger, await openJob(ledger, 1), 30n)
      await openJob(ledger, 2, { wallet: other })
      expect(await ledger.store.sumBalances()).toEqual({
        heldMicro: 1_000n + 100n,
        availableMicro: 10_000n - 1_000n - 30n + 5_000n - 100n,
      })
      const charged = (from: number, until: number) =>
        ledger.store.sumCharged({ from: later(from), until: later(until) })
      expect(await charged(0, 5_001)).toBe(30n)
      expect(await charged(0, 5_000)).toBe(0n)
      expect(await charged(5_001, DAY_MS)).toBe(0n)
    })
  })
}
