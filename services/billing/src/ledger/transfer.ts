import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import { assert } from '@sluice/kernel/assert'

import type { AccountKind } from '../accounts/chart.ts'
import { accountId } from '../accounts/chart.ts'

export type TransferKind = LedgerEntry['kind']

/** A positive amount that goes from one account to another: both legs in one row. */
export interface Transfer {
  /** Made by whoever asks; a second transfer with the same id is refused. */
  id: string
  wallet: string
  kind: TransferKind
  debitAccount: string
  creditAccount: string
  amountMicro: bigint
  holdId: string | null
  /** `person`: who gave it. */
  refType: 'job' | 'usage' | 'person' | null
  refId: string | null
  memo: string | null
  createdAt: Date
}

/** A transfer that is in the book, with its number. */
export interface PostedTransfer extends Transfer {
  seq: bigint
}

/** From where to where. PostgreSQL refuses other routes by a CHECK of the same table. */
export const routes = {
  grant: { from: 'promo', to: 'available' },
  hold: { from: 'available', to: 'held' },
  capture: { from: 'held', to: 'revenue' },
  /** A capture of what no hold covers any more. */
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

/** What the transfers change at each account, accounts in id order. They add up to zero. */
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
