/**
 * The accounts of a wallet: credits from outside (`promo`, `clearing`), spendable (`available`), reserved
 * (`held`), spent (`revenue`) and owed (`receivable`). The balances of each wallet sum to zero, and a
 * payment locks no row of another wallet.
 */
export const accountKinds = [
  'available',
  'clearing',
  'held',
  'promo',
  'receivable',
  'revenue',
] as const
export type AccountKind = (typeof accountKinds)[number]

/** The bound of each balance; a CHECK constraint enforces the same. */
export const balanceBounds = {
  available: 'not-below-zero',
  held: 'not-below-zero',
  revenue: 'not-below-zero',
  /** The source of granted credits: each grant debits it, so it is never above zero. */
  promo: 'not-above-zero',
  /** Delivered and unpaid usage: below zero until it is paid. */
  receivable: 'not-above-zero',
  /** Payments and corrections go both ways. */
  clearing: 'free',
} as const satisfies Record<AccountKind, 'not-below-zero' | 'not-above-zero' | 'free'>

export interface Account {
  id: string
  kind: AccountKind
  owner: string
  balanceMicro: bigint
}

/** Ids sort by kind, so locking in id order locks all `available` accounts first. */
export const accountId = ({ kind, wallet }: { kind: AccountKind; wallet: string }) =>
  `${kind}:${wallet}`

/** Whether a balance of this kind is allowed. */
export function isWithinBounds({ kind, balanceMicro }: Account): boolean {
  const bound = balanceBounds[kind]
  if (bound === 'not-below-zero') return balanceMicro >= 0n
  if (bound === 'not-above-zero') return balanceMicro <= 0n
  return true
}
