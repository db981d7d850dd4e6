import type { ChargeFacts, ChargesQuery, UsageSum, UsageSumQuery } from '@sluice/contracts/charges'

import type { Hold } from '../ledger/hold.ts'
import type { StoredUsage } from '../ledger/invariants.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'

/** The queries on charges for users and operators. */
export interface ChargeReads {
  /** At most `rowsMax` rows, in no order. */
  readUsage(query: UsageSumQuery & { rowsMax: number }): Promise<UsageSum[]>
  /** Jobs and calls in one list, newest first, by `(at, id)`. */
  listCharges(query: ChargesQuery): Promise<ChargeFacts[]>
  /** The wallet's job or call with this id, and its transfers in order of their numbers. */
  findCharge(key: { wallet: string; id: string }): Promise<FoundCharge | undefined>
  /** Sums over all wallets. */
  sumBalances(): Promise<{ heldMicro: bigint; availableMicro: bigint }>
  /** The amount charged by transfers created in `[from, until)`. */
  sumCharged(between: { from: Date; until: Date }): Promise<bigint>
}

export type FoundCharge =
  | { kind: 'job'; hold: Hold; entries: PostedTransfer[] }
  | { kind: 'call'; record: StoredUsage; entries: PostedTransfer[] }
