import { describe, expect, it } from 'vitest'

import { endHold } from '../../src/ledger/hold.ts'
import type { EndedJob } from '../../src/store/ledger-store.ts'
import type { LedgerUnderTest } from './fixtures.ts'
import { at, expectConsistent, grant, hex, jobHold, wallet } from './fixtures.ts'

/** The contract of transactions: atomic and isolated. */
export function transactionsSuite(make: () => Promise<LedgerUnderTest>): void {
  describe('a transaction', () => {
    it('changes nothing when it fails, including the outbox', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      const opened = jobHold(1, 30n)
      await ledger.store.openHold(opened)
      await ledger.enqueueJobEnded(opened.hold.ref)
      const before = await ledger.readLedger()
      const failing = ledger.store.inTransaction(async (tx) => {
        const hold = await tx.lockHold(opened.hold)
        const ended = endHold({ hold: hold ?? opened.hold, state: 'voided', at })
        await tx.post({ holds: [ended.hold], transfers: ended.transfers })
        await tx.clearJobsEnded([opened.hold.ref])
        throw new Error('crash')
      })
      await expect(failing).rejects.toThrow('crash')
      expect(await ledger.readLedger()).toEqual(before)
      expect(await ledger.readOutbox()).toEqual([opened.hold.ref])
    })

    it('deletes the outbox rows of the given jobs', async () => {
      const ledger = await make()
      await ledger.enqueueJobEnded('img_a')
      await ledger.enqueueJobEnded('img_b')
      await ledger.enqueueJobEnded('img_c')
      await ledger.store.inTransaction((tx) => tx.clearJobsEnded(['img_a', 'img_c', 'img_d']))
      expect(await ledger.readOutbox()).toEqual(['img_b'])
    })

    it('reads the hold as the previous transaction wrote it', async () => {
      const ledger = await make()
      await grant(ledger, 100n)
      await ledger.store.openHold(jobHold(1, 30n))
      const endOnce = () =>
        ledger.store.inTransaction(async (tx) => {
          const hold = await tx.lockHold({ purpose: 'job', ref: `img_${hex(1)}` })
          if (hold?.state !== 'open') return 0
          const ended = endHold({ hold, state: 'voided', at })
          await tx.post({ holds: [ended.hold], transfers: ended.transfers })
          return 1
        })
      const ends = await Promise.all([endOnce(), endOnce(), endOnce(), endOnce()])
      expect(ends.toSorted()).toEqual([0, 0, 0, 1])
      await expectConsistent(ledger)
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
      await ledger.store.inTransaction(async (tx) => {
        expect(await tx.readEndedJob('img_1')).toEqual(job)
        expect(await tx.isJobRunning('img_1')).toBe(false)
        expect(await tx.readEndedJob('img_2')).toBeUndefined()
        expect(await tx.isJobRunning('img_2')).toBe(true)
        expect(await tx.readEndedJob('img_3')).toBeUndefined()
        expect(await tx.isJobRunning('img_3')).toBe(false)
      })
    })
  })
}
