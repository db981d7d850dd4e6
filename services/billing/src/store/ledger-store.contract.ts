import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { describe, expect, it } from 'vitest'

import type { Hold, Movement } from '../ledger/hold.ts'
import { captureCalls, captureJob, endHold, openedHold, refundHold } from '../ledger/hold.ts'
import type { Book } from '../ledger/invariants.ts'
import { faultsOfBook } from '../ledger/invariants.ts'
import { nextSeal } from '../ledger/seal.ts'
import { transfer } from '../ledger/transfer.ts'
import type { EndedJob, LedgerStore } from './ledger-store.ts'

export interface LedgerUnderTest {
  store: LedgerStore
  readBook(): Promise<Book>
  /** Jobs whose end was promised to be told of. */
  readOutbox(): Promise<string[]>
  promiseJobEnded(jobId: string): Promise<void>
  /** What the store finds when it looks at a job. */
  jobs: Map<string, EndedJob | 'running'>
}

const at = new Date('2026-06-01T12:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)
const hex = (digit: number) => digit.toString(16).padStart(32, '0')
const wallet = `wal_${hex(1)}`
const other = `wal_${hex(2)}`
const priceId = `price_${hex(1)}`

const jobHold = (number: number, amountMicro: bigint, facts: Partial<Hold> = {}): Movement =>
  openedHold({
    id: `hold_${hex(number)}`,
    wallet,
    purpose: 'job',
    ref: `img_${hex(number)}`,
    edge: null,
    model: 'gpt-image-1',
    priceId,
    amountMicro,
    expiresAt: later(60_000),
    openedAt: at,
    ...facts,
  })

const allowance = (number: number, amountMicro: bigint, facts: Partial<Hold> = {}): Movement =>
  openedHold({
    id: `alw_${hex(number)}`,
    wallet,
    purpose: 'allowance',
    ref: `alw_${hex(number)}`,
    edge: `edge_${hex(1)}`,
    model: null,
    priceId: null,
    amountMicro,
    expiresAt: later(60_000),
    openedAt: at,
    ...facts,
  })

const record = (number: number, allowanceId: string, amountMicro: bigint): UsageRecord => ({
  requestId: `req_${hex(number)}`,
  allowanceId,
  wallet,
  apiKeyId: `key_${hex(1)}`,
  model: 'gpt-5',
  priceId: `price_${hex(2)}`,
  usage: { kind: 'tokens', input: 10, cachedInput: 2, output: 3 },
  source: 'upstream',
  reservedMicro: amountMicro,
  amountMicro,
  upstreamLossMicro: 0n,
  endState: 'finished',
  endedAt: at,
})

/** What every ledger store promises, in memory and in PostgreSQL. */
export function ledgerStoreContract(make: () => Promise<LedgerUnderTest>): void {
  const grant = (ledger: LedgerUnderTest, amountMicro: bigint, to = wallet) =>
    ledger.store.inTransaction(async (book) => {
      await book.ensureWallet(to, at)
      const id = `grant:${to}:${amountMicro}`
      const facts = { id, wallet: to, amountMicro, memo: 'a gift', createdAt: at }
      await book.post({ holds: [], transfers: [transfer('grant', facts)] })
    })
  const openAllowance = ({ store }: LedgerUnderTest, opened: Movement) =>
    store.inTransaction(async (book) => {
      await book.addHold(opened.hold)
      await book.post({ holds: [], transfers: opened.transfers })
    })
  const post = ({ store }: LedgerUnderTest, { hold, transfers }: Movement) =>
    store.inTransaction(async (book) => {
      await book.lockHolds([hold.id])
      await book.post({ holds: [hold], transfers })
    })
  const expectSound = async (ledger: LedgerUnderTest) =>
    expect(faultsOfBook(await ledger.readBook())).toEqual([])

  describe('opening a hold', () => {
    it('moves the amount from available to held', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      expect(await ledger.store.openHold(jobHold(1, 30n))).toEqual({ outcome: 'opened' })
      expect(await ledger.store.readBalance(wallet)).toEqual({
        postedMicro: 100n,
        heldMicro: 30n,
        availableMicro: 70n,
      })
      await expectSound(ledger)
    })

    it('refuses what available does not pay for, says what there is, and changes nothing', async () => {
      const ledger = await make()
      await grant(ledger, 29n)
      const answer = await ledger.store.openHold(jobHold(1, 30n))
      expect(answer).toEqual({ outcome: 'refused', availableMicro: 29n })
      expect((await ledger.readBook()).holds).toEqual([])
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 29n })
    })

    it('refuses a wallet that nobody ever gave anything', async () => {
      const ledger = await make()
      const answer = await ledger.store.openHold(jobHold(1, 1n))
      expect(answer).toEqual({ outcome: 'refused', availableMicro: 0n })
    })

    it('opens a free hold for any wallet, without a transfer', async () => {
      const ledger = await make()
      expect(await ledger.store.openHold(jobHold(1, 0n))).toEqual({ outcome: 'opened' })
      const { holds, transfers } = await ledger.readBook()
      expect(holds).toHaveLength(1)
      expect(transfers).toEqual([])
    })

    it('answers the hold that is there for a repeated ref, even when nothing is left', async () => {
      const ledger = await make()
      await grant(ledger, 30n)
      const first = jobHold(1, 30n)
      await ledger.store.openHold(first)
      const repeat = jobHold(9, 20n, { ref: first.hold.ref })
      expect(await ledger.store.openHold(repeat)).toEqual({ outcome: 'known', hold: first.hold })
      await expectSound(ledger)
    })

    it('opens one hold for any number of calls with one ref at the same time', async () => {
      const ledger = await make()
      await grant(ledger, 1_000n)
      const calls = Array.from({ length: 8 }, (_, index) =>
        jobHold(10 + index, 5n, { ref: `img_${hex(1)}` }),
      )
      const answers = await Promise.all(calls.map((call) => ledger.store.openHold(call)))
      expect(answers.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1)
      expect(answers.filter(({ outcome }) => outcome === 'known')).toHaveLength(7)
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ heldMicro: 5n })
    })

    it('never overdraws a wallet by calls at the same time', async () => {
      const ledger = await make()
      await grant(ledger, 50n)
      const calls = Array.from({ length: 8 }, (_, index) => jobHold(10 + index, 15n))
      const answers = await Promise.all(calls.map((call) => ledger.store.openHold(call)))
      const refused = answers.filter(({ outcome }) => outcome === 'refused')
      expect(refused).toHaveLength(5)
      expect(refused).toContainEqual({ outcome: 'refused', availableMicro: 5n })
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 5n })
      await expectSound(ledger)
    })
  })

  describe('a transaction', () => {
    it('changes nothing when it fails half-way, the outbox included', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      const opened = jobHold(1, 30n)
      await ledger.store.openHold(opened)
      await ledger.promiseJobEnded(opened.hold.ref)
      const before = await ledger.readBook()
      const failing = ledger.store.inTransaction(async (book) => {
        const hold = await book.lockHold(opened.hold)
        const ended = endHold({ hold: hold ?? opened.hold, state: 'voided', at })
        await book.post({ holds: [ended.hold], transfers: ended.transfers })
        await book.clearJobEnded(opened.hold.ref)
        throw new Error('crash')
      })
      await expect(failing).rejects.toThrow('crash')
      expect(await ledger.readBook()).toEqual(before)
      expect(await ledger.readOutbox()).toEqual([opened.hold.ref])
    })

    it('clears the promise that an end is told together with what it does about it', async () => {
      const ledger = await make()
      await ledger.promiseJobEnded('img_a')
      await ledger.promiseJobEnded('img_b')
      await ledger.store.inTransaction((book) => book.clearJobEnded('img_a'))
      expect(await ledger.readOutbox()).toEqual(['img_b'])
    })

    it('sees a hold as the transaction before it left it', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await ledger.store.openHold(jobHold(1, 30n))
      const endOnce = () =>
        ledger.store.inTransaction(async (book) => {
          const hold = await book.lockHold({ purpose: 'job', ref: `img_${hex(1)}` })
          if (hold?.state !== 'open') return 0
          const ended = endHold({ hold, state: 'voided', at })
          await book.post({ holds: [ended.hold], transfers: ended.transfers })
          return 1
        })
      const ends = await Promise.all([endOnce(), endOnce(), endOnce(), endOnce()])
      expect(ends.toSorted()).toEqual([0, 0, 0, 1])
      await expectSound(ledger)
    })

    it('reads the job that it settles', async () => {
      const ledger = await make()
      const job: EndedJob = {
        state: 'done',
        wallet,
        apiKeyId: 'key_1',
        model: 'gpt-image-1',
        pictures: [{ width: 1, height: 2, quality: 'low' }],
      }
      ledger.jobs.set('img_1', job)
      ledger.jobs.set('img_2', 'running')
      await ledger.store.inTransaction(async (book) => {
        expect(await book.readEndedJob('img_1')).toEqual(job)
        expect(await book.isJobRunning('img_1')).toBe(false)
        expect(await book.readEndedJob('img_2')).toBeUndefined()
        expect(await book.isJobRunning('img_2')).toBe(true)
        expect(await book.readEndedJob('img_3')).toBeUndefined()
        expect(await book.isJobRunning('img_3')).toBe(false)
      })
    })
  })

  describe('posting', () => {
    it('keeps every fact of a hold and of its transfers', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      const opened = jobHold(1, 30n)
      await ledger.store.openHold(opened)
      const captured = captureJob({
        hold: opened.hold,
        usage: { kind: 'images', pictures: [{ width: 1024, height: 1024, quality: 'high' }] },
        source: 'upstream',
        apiKeyId: `key_${hex(1)}`,
        ratedMicro: 42n,
        availableMicro: 0n,
        at: later(5),
      })
      await post(ledger, captured)
      const { hold } = captured
      const transferId = 'refund-1'
      await post(ledger, refundHold({ hold, amountMicro: 7n, transferId, memo: 'sorry', at }))
      const { holds, transfers } = await ledger.readBook()
      expect(holds).toEqual([{ ...hold, lossMicro: 12n, refundedMicro: 7n }])
      expect(transfers.map(({ seq: _seq, ...facts }) => facts)).toEqual([
        expect.objectContaining({ kind: 'grant', memo: 'a gift' }),
        ...opened.transfers,
        ...captured.transfers,
        expect.objectContaining({ id: 'refund-1', kind: 'refund', memo: 'sorry' }),
      ])
      await expectSound(ledger)
    })

    it('refuses a transfer id that is in the book', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await expect(grant(ledger, 100n)).rejects.toBeInstanceOf(Error)
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 100n })
    })

    it('refuses to take more from an account than it has', async () => {
      const ledger = await make()
      await grant(ledger, 10n)
      await expect(openAllowance(ledger, allowance(1, 11n))).rejects.toBeInstanceOf(Error)
      const { holds } = await ledger.readBook()
      expect(holds).toEqual([])
    })

    it('refuses a transfer of an account that does not exist', async () => {
      const ledger = await make()
      await expect(openAllowance(ledger, allowance(1, 1n))).rejects.toBeInstanceOf(Error)
    })

    it('refuses a hold whose own numbers contradict each other', async () => {
      const ledger = await make()
      await grant(ledger, 10n)
      const { hold } = jobHold(1, 10n)
      await ledger.store.openHold(jobHold(1, 10n))
      const wrong: Hold[] = [
        { ...hold, capturedMicro: 11n },
        { ...hold, capturedMicro: -1n },
        { ...hold, releasedMicro: 1n },
        { ...hold, state: 'voided', endedAt: at },
        { ...hold, lateMicro: 11n },
        { ...hold, refundedMicro: 1n },
      ]
      for (const bad of wrong) {
        await expect(post(ledger, { hold: bad, transfers: [] })).rejects.toBeInstanceOf(Error)
      }
      await expectSound(ledger)
    })

    it('refuses a second hold of a purpose and ref, and one of the same id', async () => {
      const ledger = await make()
      await openAllowance(ledger, allowance(1, 0n))
      await expect(openAllowance(ledger, allowance(1, 0n))).rejects.toBeInstanceOf(Error)
    })

    it('locks any number of holds and wallets in any order without waiting in a ring', async () => {
      const ledger = await make()
      await grant(ledger, 10_000n)
      await grant(ledger, 10_000n, other)
      const numbers = [1, 2, 3, 4, 5, 6]
      for (const number of numbers) {
        await openAllowance(
          ledger,
          allowance(number, 1_000n, { wallet: number % 2 === 0 ? wallet : other }),
        )
      }
      const spend = (order: number[], round: number) =>
        ledger.store.inTransaction(async (book) => {
          const holds = await book.lockHolds(order.map((number) => `alw_${hex(number)}`))
          const available = await book.lockAvailable([wallet, other])
          const moved = order.flatMap((number) => {
            const hold = holds.find(({ id }) => id === `alw_${hex(number)}`)
            const postingId = `p${round}-${number}`
            const availableMicro = available.get(hold?.wallet ?? '') ?? 0n
            const facts = { dueMicro: 1n, lossMicro: 0n, availableMicro, postingId, at }
            return hold ? [captureCalls({ hold, ...facts })] : []
          })
          const transfers = moved.flatMap((movement) => movement.transfers)
          await book.post({ holds: moved.map(({ hold }) => hold), transfers })
        })
      const orders = [numbers, numbers.toReversed(), [3, 1, 5], [6, 2, 4], [5, 6, 1], [2, 3]]
      await Promise.all(orders.map((order, round) => spend(order, round)))
      const { holds } = await ledger.readBook()
      const captured = holds.reduce((total, hold) => total + hold.capturedMicro, 0n)
      expect(captured).toBe(BigInt(orders.flat().length))
    })
  })

  describe('counting usage', () => {
    it('counts a record once, however often and in whichever batch it comes', async () => {
      const ledger = await make()
      await openAllowance(ledger, allowance(1, 0n))
      const id = `alw_${hex(1)}`
      const add = (numbers: number[]) =>
        ledger.store.inTransaction((book) =>
          book.addUsage(
            numbers.map((number) => ({ record: record(number, id, 0n), postingId: 'posting' })),
            at,
          ),
        )
      const batches = await Promise.all([add([1, 2, 3]), add([3, 2, 4]), add([4, 1, 2])])
      const counted = batches.flatMap((ids) => [...ids])
      expect(counted.toSorted()).toEqual([1, 2, 3, 4].map((number) => `req_${hex(number)}`))
      expect((await ledger.readBook()).usage).toContainEqual({
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
    it('are listed oldest first, by purpose, page by page, while they are open', async () => {
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

  describe('a statement', () => {
    it('is newest first, by cursor, and of one wallet', async () => {
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

  describe('the price book', () => {
    it('keeps every row as it was added, beside those of a fresh house', async () => {
      const ledger = await make()
      const row = {
        id: `price_${hex(77)}`,
        model: 'gpt-5',
        effectiveAt: later(9),
        price: {
          kind: 'tokens' as const,
          inputMicroPerMillion: 123_456_789_012n,
          cachedInputMicroPerMillion: 0n,
          outputMicroPerMillion: 5n,
        },
      }
      await ledger.store.inTransaction(async (book) => {
        await book.addPrice(row, at)
        await book.promiseCatalogChanged(later(1))
      })
      await ledger.store.inTransaction(async (book) => {
        expect(await book.findPrice(row.id)).toEqual(row)
        expect(await book.findPrice('price_0')).toBeUndefined()
      })
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

    it('covers every transfer once, block after block, and then finds nothing', async () => {
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

    it('finds nothing in an empty book', async () => {
      expect(await seal(await make())).toBeUndefined()
    })
  })

  describe('verifying', () => {
    it('finds nothing wrong with a sound book', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await ledger.store.openHold(jobHold(1, 30n))
      const report = await ledger.store.verify({ now: at, graceMs: 0 })
      expect(report.findings).toEqual([])
      expect(report.checked).toMatchObject({ transfers: 2, holds: 1 })
    })
  })
}
