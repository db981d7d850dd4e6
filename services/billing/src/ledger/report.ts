import type { Book } from './invariants.ts'
import { faultsOfBook } from './invariants.ts'

/** What `verify` can find: the numbers of the invariants are those of ADR 0003. */
export interface Finding {
  invariant: number
  /** What is wrong, with the first row that shows it. */
  message: string
  /** How many rows show it. */
  count: number
  /** The number of the transfer in question, where it is one transfer. */
  seq?: bigint
}

export interface LedgerReport {
  findings: Finding[]
  /** How many rows of each kind were looked at. */
  checked: Record<string, number>
  /** The hash of the newest seal, hex: kept elsewhere, it proves the whole chain to a doubter. */
  head: string | null
}

/** What one part of a verification found. */
export type PartialReport = Pick<LedgerReport, 'findings' | 'checked'>

/** The report on a book that is in memory. */
export function reportOfBook(book: Book): LedgerReport {
  const faults = faultsOfBook(book)
  const { accounts, transfers, holds, usage } = book
  return {
    findings: faults.map((fault) => ({ ...fault, count: 1 })),
    checked: {
      accounts: accounts.length,
      transfers: transfers.length,
      holds: holds.length,
      usageRecords: usage.length,
    },
    head: null,
  }
}
