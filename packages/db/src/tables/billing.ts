import type { ColumnType, Generated } from 'kysely'

/** One ledger account of a wallet: `id` is `kind:wallet`. */
export interface LedgerAccountsTable {
  id: string
  kind: 'available' | 'held' | 'revenue' | 'receivable' | 'promo' | 'clearing'
  owner: string
  /** Sum of credits minus sum of debits of its transfers. */
  balance_micro: Generated<bigint>
  created_at: Date
}

/** Append-only. One row has both legs: from `debit_account` to `credit_account`. */
export interface LedgerTransfersTable {
  id: string
  seq: Generated<bigint>
  wallet: string
  kind: 'grant' | 'purchase' | 'hold' | 'capture' | 'release' | 'receivable' | 'refund' | 'adjust'
  debit_account: string
  credit_account: string
  amount_micro: bigint
  hold_id: string | null
  ref_type: string | null
  ref_id: string | null
  memo: string | null
  created_at: Date
}

/** Credits reserved for an image job, or as an allowance for an edge's chat calls. */
export interface HoldsTable {
  id: string
  wallet: string
  purpose: 'job' | 'allowance'
  /** The job's id, or the allowance's own id. */
  ref: string
  edge: string | null
  model: string | null
  price_id: string | null
  amount_micro: bigint
  captured_micro: Generated<bigint>
  released_micro: Generated<bigint>
  /** Paid from `available`: settled after the hold's end, or beyond its remaining amount. */
  late_micro: Generated<bigint>
  /** Delivered without credit to pay it. */
  receivable_micro: Generated<bigint>
  /** Consumed upstream above what the caller may be charged; a cost of the platform. */
  loss_micro: Generated<bigint>
  refunded_micro: Generated<bigint>
  state: Generated<'open' | 'captured' | 'voided' | 'expired'>
  /** What a job delivered, in wire form. */
  usage: ColumnType<unknown, string | null, string | null>
  usage_source: string | null
  api_key_id: string | null
  expires_at: Date
  opened_at: Date
  ended_at: Date | null
  /** When a job's hold was captured or voided; an expired hold may be settled later. */
  settled_at: Date | null
}

/** Append-only. The usage of one call on an allowance; recorded once. */
export interface UsageRecordsTable {
  request_id: string
  hold_id: string
  /** Shared by the records captured together; the ref_id of their transfers. */
  posting_id: string
  wallet: string
  api_key_id: string
  model: string
  price_id: string
  usage: ColumnType<unknown, string, never>
  usage_source: string
  reserved_micro: bigint
  amount_micro: bigint
  loss_micro: bigint
  end_state: string
  ended_at: Date
  recorded_at: Date
}

/** Usage records rejected by billing, for review by an operator. */
export interface RefusedUsageTable {
  request_id: string
  reason: string
  record: ColumnType<unknown, string, string>
  refused_at: Date
}

/** Append-only. A block of transfers, hashed and chained to the previous block. */
export interface LedgerSealsTable {
  number: bigint
  from_seq: bigint
  to_seq: bigint
  seqs: bigint[]
  /** 32 bytes for each of `seqs`. */
  leaves: Buffer
  root: Buffer
  previous: Buffer
  hash: Buffer
  sealed_at: Date
}

/** Append-only. The price book; `price` is in wire form. */
export interface PricesTable {
  id: string
  model: string
  kind: 'images' | 'tokens'
  effective_at: Date
  price: ColumnType<unknown, string, never>
  created_at: Date
}

/** Tables of billing. */
export interface BillingTables {
  ledger_accounts: LedgerAccountsTable
  ledger_transfers: LedgerTransfersTable
  holds: HoldsTable
  usage_records: UsageRecordsTable
  refused_usage: RefusedUsageTable
  ledger_seals: LedgerSealsTable
  prices: PricesTable
}
