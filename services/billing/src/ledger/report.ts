import type { LedgerRows } from './invariants.ts'
import { faultsOfLedger } from './invariants.ts'

/** One finding of `verify`; ADR 0003 numbers the invariants. */
export interface Finding {
  invariant: number
  /** The violation in its first row. */
  message: string
  /** How many rows violate it. */
  count: number
  /** The number of the transfer, when the finding concerns one transfer. */
  seq?: bigint
}

export interface LedgerReport {
  findings: Finding[]
  /** How many rows of each kind were checked. */
  checked: Record<string, number>
  /** The hash of the newest seal in hex; a copy stored elsewhere proves the whole chain. */
  head: string | null
}

/** The result of one part of a verification. */
export type PartialReport = Pick<LedgerReport, 'findings' | 'checked'>

/** The report on ledger rows in memory. */
export function reportOfLedger(rows: LedgerRows): LedgerReport {
  const faults = faultsOfLedger(rows)
  const { accounts, transfers, holds, usage } = rows
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
