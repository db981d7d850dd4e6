import type { ChargeFacts, ChargesQuery, UsageSum, UsageSumQuery } from '@sluice/contracts/charges'

import type { Hold } from '../ledger/hold.ts'
import type { StoredUsage } from '../ledger/invariants.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'

/** What is read of charges by people. */
export interface ChargeReads {
  /** At most `rowsMax` rows, in no order. */
  readUsage(query: UsageSumQuery & { rowsMax: number }): Promise<UsageSum[]>
  /** Jobs and calls in one list, newest first, by `(at, id)`. */
  listCharges(query: ChargesQuery): Promise<ChargeFacts[]>
  /** The wallet's job or call of this id, and the transfers that carry it in order of their numbers. */
  findCharge(key: { wallet: string; id: string }): Promise<FoundCharge | undefined>
  /** What all wallets have together. */
  sumBalances(): Promise<{ heldMicro: bigint; availableMicro: bigint }>
  /** What was charged by transfers made from a moment on, and before another. */
  sumCharged(between: { from: Date; until: Date }): Promise<bigint>
}

export type FoundCharge =
  | { kind: 'job'; hold: Hold; entries: PostedTransfer[] }
  | { kind: 'call'; record: StoredUsage; entries: PostedTransfer[] }
