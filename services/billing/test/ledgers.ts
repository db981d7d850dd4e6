import type { PriceRow } from '@sluice/contracts/prices'

import type { LedgerUnderTest } from './ledger-suite/fixtures.ts'
import type { MemoryLedgerStore } from '../src/store/memory-ledger-store.ts'
import { memoryLedgerStore } from '../src/store/memory-ledger-store.ts'
import { installedPrices } from './test-prices.ts'

/** A ledger in memory with the prices of a new installation, and the jobs that a test sets. */
export async function memoryLedger({
  prices = installedPrices,
}: { prices?: PriceRow[] } = {}): Promise<LedgerUnderTest & { store: MemoryLedgerStore }> {
  const jobs: LedgerUnderTest['jobs'] = new Map()
  const store = memoryLedgerStore({ prices, jobs: jobsIn(jobs) })
  return {
    store,
    jobs,
    readLedger: store.readLedger,
    readOutbox: async () => [...store.outbox],
    enqueueJobEnded: async (jobId) => void store.outbox.add(jobId),
  }
}

/** The queries on a test's jobs that the stores need. */
export function jobsIn(jobs: LedgerUnderTest['jobs']) {
  return {
    readEndedJob: async (jobId: string) => {
      const job = jobs.get(jobId)
      return job === 'running' ? undefined : job
    },
    hasJob: async (jobId: string) => jobs.has(jobId),
    isJobRunning: async (jobId: string) => jobs.get(jobId) === 'running',
  }
}
