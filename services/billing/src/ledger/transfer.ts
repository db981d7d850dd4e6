import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import { assert } from '@sluice/kernel/assert'

import type { AccountKind } from '../accounts/chart.ts'
import { accountId } from '../accounts/chart.ts'

export type TransferKind = LedgerEntry['kind']

/** A positive amount moved from one account to another: both legs in one row. */
export interface Transfer {
  /** Chosen by the caller; a second transfer with the same id is refused. */
  id: string
  wallet: string
  kind: TransferKind
  debitAccount: string
  creditAccount: string
  amountMicro: bigint
  holdId: string | null
  /** `'person'`: the user who granted it. */
  refType: 'job' | 'usage' | 'person' | null
  refId: string | null
  memo: string | null
  createdAt: Date
}

/** A stored transfer with its number. */
export interface PostedTransfer extends Transfer {
  seq: bigint
}

/** The allowed pairs of accounts; a CHECK constraint of the table enforces the same. */
export const routes = {
  grant: { from: 'promo', to: 'available' },
  hold: { from: 'available', to: 'held' },
  capture: { from: 'held', to: 'revenue' },
  /** A capture that no open hold covers. */
  late: { from: 'available', to: 'revenue' },
  release: { from: 'held', to: 'available' },
  receivable: { from: 'receivable', to: 'revenue' },
  refund: { from: 'revenue', to: 'available' },
} as const satisfies Record<string, { from: AccountKind; to: AccountKind }>
export type Route = keyof typeof routes

type TransferFacts = Pick<Transfer, 'id' | 'wallet' | 'amountMicro' | 'createdAt'> &
  Partial<Pick<Transfer, 'holdId' | 'refType' | 'refId' | 'memo'>>

/** Moves an amount along a route. */
export function transfer(route: Route, facts: TransferFacts): Transfer {
  assert(facts.amountMicro > 0n, `a ${route} moves a positive amount`)
  const { from, to } = routes[route]
  return {
    holdId: null,
    refType: null,
    refId: null,
    memo: null,
    ...facts,
    kind: route === 'late' ? 'capture' : route,
    debitAccount: accountId({ kind: from, wallet: facts.wallet }),
    creditAccount: accountId({ kind: to, wallet: facts.wallet }),
  }
}

/** The change of each account, in id order. The changes sum to zero. */
export function legsOf(transfers: readonly Transfer[]): { id: string; deltaMicro: bigint }[] {
  const deltas = new Map<string, bigint>()
  const add = (id: string, amountMicro: bigint) =>
    deltas.set(id, (deltas.get(id) ?? 0n) + amountMicro)
  for (const { debitAccount, creditAccount, amountMicro } of transfers) {
    add(debitAccount, -amountMicro)
    add(creditAccount, amountMicro)
  }
  return [...deltas]
    .map(([id, deltaMicro]) => ({ id, deltaMicro }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}
