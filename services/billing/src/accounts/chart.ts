/**
 * The accounts that a wallet has, all of them its own: what came in from outside (`promo`,
 * `clearing`), what it may spend, what is reserved, what it spent, and what it owes. Every wallet's
 * book adds up to zero by itself, and no payment waits for another wallet's.
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

/** What may never be true of a balance; PostgreSQL refuses it by a CHECK. */
export const floors = {
  available: 'not-below-zero',
  held: 'not-below-zero',
  revenue: 'not-below-zero',
  /** Money from outside: what was given is owed to nobody, so the account is below zero. */
  promo: 'not-above-zero',
  /** What was delivered and never paid stands below zero until somebody pays it. */
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

/** Account ids sort by kind, so whoever locks in id order locks all `available` accounts first. */
export const accountId = ({ kind, wallet }: { kind: AccountKind; wallet: string }) =>
  `${kind}:${wallet}`

/** Whether a balance of this kind is allowed. */
export function isWithinFloor({ kind, balanceMicro }: Account): boolean {
  const floor = floors[kind]
  if (floor === 'not-below-zero') return balanceMicro >= 0n
  if (floor === 'not-above-zero') return balanceMicro <= 0n
  return true
}
