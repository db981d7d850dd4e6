import type { EndedJob } from '../src/store/ledger-store.ts'
import type { LedgerUnderTest } from '../src/store/ledger-store.contract.ts'
import type { MemoryLedgerStore } from '../src/store/memory-ledger-store.ts'
import { memoryLedgerStore } from '../src/store/memory-ledger-store.ts'
import { housePrices } from './test-prices.ts'

/** A book in memory with the prices of a fresh house, and the jobs that a test puts into it. */
export async function memoryLedger(): Promise<LedgerUnderTest & { store: MemoryLedgerStore }> {
  const jobs = new Map<string, EndedJob>()
  const store = memoryLedgerStore({
    prices: housePrices,
    readEndedJob: async (jobId) => jobs.get(jobId),
  })
  return {
    store,
    jobs,
    readBook: store.readBook,
    readOutbox: async () => [...store.outbox],
    promiseJobEnded: async (jobId) => void store.outbox.add(jobId),
  }
}
