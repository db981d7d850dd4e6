import { describe, expect, it } from 'vitest'

import type { LedgerUnderTest } from './fixtures.ts'
import { expectConsistent, grant, hex, jobHold, wallet } from './fixtures.ts'

/** The contract of holds. */
export function holdsSuite(make: () => Promise<LedgerUnderTest>): void {
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
      await expectConsistent(ledger)
    })

    it('is refused when the balance is too low, with the available amount, and changes nothing', async () => {
      const ledger = await make()
      await grant(ledger, 29n)
      const result = await ledger.store.openHold(jobHold(1, 30n))
      expect(result).toEqual({ outcome: 'refused', availableMicro: 29n })
      expect((await ledger.readLedger()).holds).toEqual([])
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 29n })
    })

    it('is refused for a wallet without accounts', async () => {
      const ledger = await make()
      const result = await ledger.store.openHold(jobHold(1, 1n))
      expect(result).toEqual({ outcome: 'refused', availableMicro: 0n })
    })

    it('opens a free hold for any wallet, without a transfer', async () => {
      const ledger = await make()
      expect(await ledger.store.openHold(jobHold(1, 0n))).toEqual({ outcome: 'opened' })
      const { holds, transfers } = await ledger.readLedger()
      expect(holds).toHaveLength(1)
      expect(transfers).toEqual([])
    })

    it('returns the existing hold for a repeated ref, even when nothing is available', async () => {
      const ledger = await make()
      await grant(ledger, 30n)
      const first = jobHold(1, 30n)
      await ledger.store.openHold(first)
      const repeat = jobHold(9, 20n, { ref: first.hold.ref })
      expect(await ledger.store.openHold(repeat)).toEqual({ outcome: 'known', hold: first.hold })
      await expectConsistent(ledger)
    })

    it('opens one hold for any number of concurrent calls with one ref', async () => {
      const ledger = await make()
      await grant(ledger, 1_000n)
      const calls = Array.from({ length: 8 }, (_, index) =>
        jobHold(10 + index, 5n, { ref: `img_${hex(1)}` }),
      )
      const results = await Promise.all(calls.map((call) => ledger.store.openHold(call)))
      expect(results.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1)
      expect(results.filter(({ outcome }) => outcome === 'known')).toHaveLength(7)
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ heldMicro: 5n })
    })

    it('never overdraws a wallet with concurrent calls', async () => {
      const ledger = await make()
      await grant(ledger, 50n)
      const calls = Array.from({ length: 8 }, (_, index) => jobHold(10 + index, 15n))
      const results = await Promise.all(calls.map((call) => ledger.store.openHold(call)))
      const refused = results.filter(({ outcome }) => outcome === 'refused')
      expect(refused).toHaveLength(5)
      expect(refused).toContainEqual({ outcome: 'refused', availableMicro: 5n })
      expect(await ledger.store.readBalance(wallet)).toMatchObject({ availableMicro: 5n })
      await expectConsistent(ledger)
    })
  })
}
