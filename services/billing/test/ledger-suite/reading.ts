import { samplePrice, sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import { describe, expect, it } from 'vitest'

import { endHold } from '../../src/ledger/hold.ts'
import { nextSeal } from '../../src/ledger/seal.ts'
import type { LedgerUnderTest } from './fixtures.ts'
import {
  allowance,
  at,
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

/** The contract of usage, allowances, lists, prices, seals and verification. */
export function readingSuite(make: () => Promise<LedgerUnderTest>): void {
  describe('counting usage', () => {
    it('counts a record once, also when several batches contain it', async () => {
      const ledger = await make()
      await openAllowance(ledger, allowance(1, 0n))
      const id = `alw_${hex(1)}`
      const add = (numbers: number[]) =>
        ledger.store.inTransaction((tx) =>
          tx.addUsage(
            numbers.map((number) => ({ record: record(number, id, 0n), postingId: 'posting' })),
            at,
          ),
        )
      const batches = await Promise.all([add([1, 2, 3]), add([3, 2, 4]), add([4, 1, 2])])
      const counted = batches.flatMap((ids) => [...ids])
      expect(counted.toSorted()).toEqual([1, 2, 3, 4].map((number) => `req_${hex(number)}`))
      expect((await ledger.readLedger()).usage).toContainEqual({
        ...record(3, id, 0n),
        postingId: 'posting',
      })
    })
  })

  describe('an allowance', () => {
    it('is renewed forward and never back, only by its edge and only while it is open', async () => {
      const ledger = await make()
      for (const number of [1, 2]) await openAllowance(ledger, allowance(number, 0n))
      await post(ledger, endHold({ hold: allowance(2, 0n).hold, state: 'voided', at: later(1) }))
      const allowanceIds = [1, 2, 3].map((number) => `alw_${hex(number)}`)
      const renew = (expiresAt: Date, edge = `edge_${hex(1)}`) =>
        ledger.store.renewAllowances({ edge, allowanceIds, expiresAt })
      const ref = `alw_${hex(1)}`
      expect(await renew(later(90_000))).toEqual([{ id: ref, ref, expiresAt: later(90_000) }])
      expect(await renew(later(10_000))).toEqual([{ id: ref, ref, expiresAt: later(90_000) }])
      expect(await renew(later(99_000), `edge_${hex(2)}`)).toEqual([])
    })
  })

  describe('overdue holds', () => {
    it('are listed by purpose while they are open, oldest first, page by page', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      const expiries = [30, 10, 20, 20, 99]
      for (const [index, ms] of expiries.entries()) {
        await ledger.store.openHold(jobHold(index + 1, 1n, { expiresAt: later(ms) }))
      }
      await openAllowance(ledger, allowance(1, 1n, { expiresAt: later(5) }))
      const page = (after?: { id: string; ref: string; expiresAt: Date }) =>
        ledger.store.listOverdue({ purpose: 'job', expiredBefore: later(31), after, limit: 3 })
      const first = await page()
      expect(first.map(({ ref }) => ref)).toEqual([2, 3, 4].map((number) => `img_${hex(number)}`))
      const second = await page(first.at(-1))
      expect(second.map(({ ref }) => ref)).toEqual([`img_${hex(1)}`])
      expect(await page(second.at(-1))).toEqual([])
    })
  })

  describe('balances', () => {
    it('of many wallets are the same as the balance of each', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await grant(ledger, 7n, other)
      await ledger.store.openHold(jobHold(1, 30n))
      const unknown = `wal_${hex(99)}`
      const balances = await ledger.store.readBalances([wallet, other])
      for (const one of [wallet, other])
        expect(balances.get(one)).toEqual(await ledger.store.readBalance(one))
      expect(balances.get(wallet)).toEqual({
        availableMicro: 70n,
        heldMicro: 30n,
        postedMicro: 100n,
      })
      expect((await ledger.store.readBalances([unknown])).get(unknown)?.postedMicro ?? 0n).toBe(0n)
      expect(await ledger.store.readBalances([])).toEqual(new Map())
    })
  })

  describe('a statement', () => {
    it('lists the entries of one wallet, newest first, by cursor', async () => {
      const ledger = await make()
      for (const amount of [1n, 2n, 3n]) await grant(ledger, amount)
      await grant(ledger, 4n, other)
      const list = (before?: bigint) => ledger.store.listEntries({ wallet, before, limit: 2 })
      const first = await list()
      expect(first.map(({ amountMicro }) => amountMicro)).toEqual([3n, 2n])
      const second = await list(first.at(-1)?.seq)
      expect(second.map(({ amountMicro }) => amountMicro)).toEqual([1n])
      expect(second[0]?.createdAt).toEqual(at)
    })
  })

  describe('settlements of jobs and calls', () => {
    it('are read by ids: charged amounts, open jobs, and nothing for unknown ids', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      for (const number of [1, 2, 3, 4]) await ledger.store.openHold(jobHold(number, 10n))
      const end = (number: number, state: 'captured' | 'voided' | 'expired', charged = 0n) => {
        const { hold } = jobHold(number, 10n)
        return post(ledger, endHold({ hold: { ...hold, ...charge(charged) }, state, at: later(1) }))
      }
      const charge = (lateMicro: bigint) => ({ lateMicro })
      await end(1, 'captured', 7n)
      await end(2, 'voided')
      await end(3, 'expired')
      await openAllowance(ledger, allowance(1, 0n))
      await ledger.store.inTransaction((tx) =>
        tx.addUsage([{ record: record(1, `alw_${hex(1)}`, 5n), postingId: 'posting' }], at),
      )
      const jobs = [1, 2, 3, 4, 5].map((number) => `img_${hex(number)}`)
      const calls = [1, 2].map((number) => `req_${hex(number)}`)
      const { settled, open } = await ledger.store.readSettlements([...jobs, ...calls])
      expect(new Map(settled.map(({ ref, chargedMicro }) => [ref, chargedMicro]))).toEqual(
        new Map([
          [`img_${hex(1)}`, 7n],
          [`img_${hex(2)}`, 0n],
          [`img_${hex(3)}`, 0n],
          [`req_${hex(1)}`, 5n],
        ]),
      )
      expect(open).toEqual([`img_${hex(4)}`])
    })
  })

  describe('the price book', () => {
    it('stores every row as it was added, beside those of a new installation', async () => {
      const ledger = await make()
      const row = samplePrice({
        id: `price_${hex(77)}`,
        model: 'gpt-5',
        effectiveAt: later(9),
        price: sampleTokenPrice({
          inputMicroPerMillion: 123_456_789_012n,
          cachedInputMicroPerMillion: 0n,
          outputMicroPerMillion: 5n,
        }),
      })
      const revision = await ledger.store.readPricesRevision()
      await ledger.store.inTransaction(async (tx) => {
        await tx.addPrice(row, at)
        await tx.enqueueCatalogChanged(later(1))
      })
      await ledger.store.inTransaction(async (tx) => {
        expect(await tx.findPrice(row.id)).toEqual(row)
        expect(await tx.findPrice('price_0')).toBeUndefined()
      })
      expect(await ledger.store.readPricesRevision()).toBeGreaterThan(revision)
      const rows = await ledger.store.readPrices()
      expect(rows).toContainEqual(row)
      expect(rows.map(({ model, price }) => `${model} ${price.kind}`)).toEqual(
        expect.arrayContaining(['* images', '* tokens']),
      )
    })
  })

  describe('sealing', () => {
    const seal = ({ store }: LedgerUnderTest, transfersMax = 100) =>
      store.sealNext((previous, transfers) => nextSeal({ previous, transfers, at: later(1_000) }), {
        transfersMax,
      })

    it('covers every transfer once, block after block, and then seals nothing', async () => {
      const ledger = await make()
      for (const amount of [1n, 2n, 3n]) await grant(ledger, amount)
      const first = await seal(ledger, 2)
      const second = await seal(ledger, 2)
      expect(first?.seqs).toHaveLength(2)
      expect(second?.seqs).toHaveLength(1)
      expect(second?.previous).toEqual(first?.hash)
      expect(second?.fromSeq).toBe((first?.toSeq ?? 0n) + 1n)
      expect(await seal(ledger)).toBeUndefined()
      await grant(ledger, 4n)
      expect((await seal(ledger))?.number).toBe(3n)
    })

    it('seals nothing in an empty ledger', async () => {
      expect(await seal(await make())).toBeUndefined()
    })
  })

  describe('verifying', () => {
    it('has no findings for a consistent ledger', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await ledger.store.openHold(jobHold(1, 30n))
      const report = await ledger.store.verify({ now: at, graceMs: 0 })
      expect(report.findings).toEqual([])
      expect(report.checked).toMatchObject({ transfers: 2, holds: 1 })
    })
  })
}
