import { describe, expect, it } from 'vitest'

import { captureCalls, captureJob } from '../../src/ledger/charge.ts'
import type { Hold } from '../../src/ledger/hold.ts'
import { refundHold } from '../../src/ledger/hold.ts'
import type { LedgerUnderTest } from './fixtures.ts'
import {
  allowance,
  at,
  expectConsistent,
  grant,
  hex,
  jobHold,
  later,
  openAllowance,
  other,
  post,
  wallet,
} from './fixtures.ts'

/** The contract of posting transfers. */
export function postingSuite(make: () => Promise<LedgerUnderTest>): void {
  describe('posting', () => {
    it('stores every field of a hold and of its transfers', async () => {
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
      const { holds, transfers } = await ledger.readLedger()
      expect(holds).toEqual([{ ...hold, lossMicro: 12n, refundedMicro: 7n }])
      expect(transfers.map(({ seq: _seq, ...facts }) => facts)).toEqual([
        expect.objectContaining({ kind: 'grant', memo: 'a gift' }),
        ...opened.transfers,
        ...captured.transfers,
        expect.objectContaining({ id: 'refund-1', kind: 'refund', memo: 'sorry' }),
      ])
      await expectConsistent(ledger)
    })

    it('refuses a transfer id that exists', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await expect(grant(ledger, 100n)).rejects.toBeInstanceOf(Error)
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 100n })
    })

    it('refuses to take more from an account than it has', async () => {
      const ledger = await make()
      await grant(ledger, 10n)
      await expect(openAllowance(ledger, allowance(1, 11n))).rejects.toBeInstanceOf(Error)
      const { holds } = await ledger.readLedger()
      expect(holds).toEqual([])
    })

    it('refuses a transfer of an account that does not exist', async () => {
      const ledger = await make()
      await expect(openAllowance(ledger, allowance(1, 1n))).rejects.toBeInstanceOf(Error)
    })

    it('refuses a hold with inconsistent amounts', async () => {
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
      await expectConsistent(ledger)
    })

    it('refuses a second hold of a purpose and ref, and one of the same id', async () => {
      const ledger = await make()
      await openAllowance(ledger, allowance(1, 0n))
      await expect(openAllowance(ledger, allowance(1, 0n))).rejects.toBeInstanceOf(Error)
    })

    it('locks any number of holds and wallets in any order without a deadlock', async () => {
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
        ledger.store.inTransaction(async (tx) => {
          const holds = await tx.lockHolds(order.map((number) => `alw_${hex(number)}`))
          const available = await tx.lockAvailable([wallet, other])
          const moved = order.flatMap((number) => {
            const hold = holds.find(({ id }) => id === `alw_${hex(number)}`)
            const postingId = `p${round}-${number}`
            const availableMicro = available.get(hold?.wallet ?? '') ?? 0n
            const facts = { dueMicro: 1n, lossMicro: 0n, availableMicro, postingId, at }
            return hold ? [captureCalls({ hold, ...facts })] : []
          })
          const transfers = moved.flatMap((movement) => movement.transfers)
          await tx.post({ holds: moved.map(({ hold }) => hold), transfers })
        })
      const orders = [numbers, numbers.toReversed(), [3, 1, 5], [6, 2, 4], [5, 6, 1], [2, 3]]
      await Promise.all(orders.map((order, round) => spend(order, round)))
      const { holds } = await ledger.readLedger()
      const captured = holds.reduce((total, hold) => total + hold.capturedMicro, 0n)
      expect(captured).toBe(BigInt(orders.flat().length))
    })
  })
}
