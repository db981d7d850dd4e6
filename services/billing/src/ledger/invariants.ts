import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { sum } from '@sluice/kernel/credits'

import type { Account } from '../accounts/chart.ts'
import { isWithinBounds } from '../accounts/chart.ts'
import type { Hold } from './hold.ts'
import { chargedOn, remainderOf } from './hold.ts'
import type { PostedTransfer, Transfer } from './transfer.ts'
import { legsOf } from './transfer.ts'

/** A counted usage record and the posting that captured it. */
export interface StoredUsage extends UsageRecord {
  postingId: string
}

/** All ledger rows, for simulations and the test suites of the stores. */
export interface LedgerRows {
  accounts: readonly Account[]
  transfers: readonly PostedTransfer[]
  holds: readonly Hold[]
  usage: readonly StoredUsage[]
}

/** The numbers of the invariants; ADR 0003 describes them. */
export const invariants = {
  balances: 1,
  held: 2,
  overdue: 3,
  holds: 4,
  usage: 5,
  charges: 8,
  seals: 9,
  delivered: 10,
} as const

export interface Fault {
  invariant: number
  message: string
}

/** The violated invariants of the ledger rows; none when they are consistent. */
export function faultsOfLedger(rows: LedgerRows): Fault[] {
  const faults = (invariant: number, messages: string[]): Fault[] =>
    messages.map((message) => ({ invariant, message }))
  return [
    ...faults(invariants.balances, faultsOfBalances(rows)),
    ...faults(invariants.held, faultsOfHeld(rows)),
    ...faults(invariants.holds, faultsOfHolds(rows)),
    ...faults(invariants.usage, faultsOfUsage(rows)),
  ]
}

/** The inconsistency within one hold; the CHECK constraints of the table enforce the same. */
export function faultOfHold(hold: Hold): string | undefined {
  const { amountMicro, capturedMicro, releasedMicro, lateMicro, receivableMicro } = hold
  const amounts = [amountMicro, capturedMicro, releasedMicro, lateMicro, receivableMicro]
  if ([...amounts, hold.lossMicro, hold.refundedMicro].some((amount) => amount < 0n)) {
    return 'an amount is negative'
  }
  if (remainderOf(hold) < 0n) return 'captured + released is above its amount'
  if (hold.state === 'open' && releasedMicro > 0n) return 'an open hold has a released amount'
  if (hold.state !== 'open' && remainderOf(hold) !== 0n) return 'an ended hold has a remainder'
  if ((hold.state === 'open') !== (hold.endedAt === null)) return 'endedAt does not match its state'
  if (hold.purpose === 'job' && chargedOn(hold) > amountMicro)
    return 'a job is charged above its hold'
  if (hold.refundedMicro > capturedMicro + lateMicro) return 'refunded is above the paid amount'
  return undefined
}

// Every balance is the sum of its legs and within its bound, and all balances sum to zero.
function faultsOfBalances({ accounts, transfers }: LedgerRows): string[] {
  const legs = new Map(legsOf(transfers).map(({ id, deltaMicro }) => [id, deltaMicro]))
  const faults = accounts.flatMap((account) => {
    const derived = legs.get(account.id) ?? 0n
    legs.delete(account.id)
    const found: string[] = []
    if (derived !== account.balanceMicro) {
      found.push(
        `balance of ${account.id} is ${account.balanceMicro}, its transfers sum to ${derived}`,
      )
    }
    if (!isWithinBounds(account)) found.push(`balance of ${account.id} is out of bounds`)
    return found
  })
  const total = sum(accounts.map(({ balanceMicro }) => balanceMicro))
  if (total !== 0n) faults.push(`all balances sum to ${total}, not to 0`)
  return [...faults, ...[...legs.keys()].map((id) => `${id} has transfers and no account row`)]
}

// The held balance of a wallet is the sum of the remainders of its open holds.
function faultsOfHeld({ accounts, holds }: LedgerRows): string[] {
  const held = new Map<string, bigint>()
  for (const hold of holds) {
    held.set(hold.wallet, (held.get(hold.wallet) ?? 0n) + remainderOf(hold))
  }
  return accounts
    .filter(
      ({ kind, owner, balanceMicro }) =>
        kind === 'held' && balanceMicro !== (held.get(owner) ?? 0n),
    )
    .map(
      ({ owner, balanceMicro }) =>
        `held balance of ${owner} is ${balanceMicro}, its open holds sum to ${held.get(owner) ?? 0n}`,
    )
}

// The amounts of a hold are the sums of its transfers.
function faultsOfHolds({ holds, transfers }: LedgerRows): string[] {
  const ofHold = Map.groupBy(transfers, ({ holdId }) => holdId)
  return holds.flatMap((hold) => {
    const own = ofHold.get(hold.id) ?? []
    const sumOf = (kind: Transfer['kind'], from: string) =>
      sum(
        own
          .filter((one) => one.kind === kind && one.debitAccount.startsWith(`${from}:`))
          .map(({ amountMicro }) => amountMicro),
      )
    const pairs = {
      amount: [hold.amountMicro, sumOf('hold', 'available')],
      captured: [hold.capturedMicro, sumOf('capture', 'held')],
      released: [hold.releasedMicro, sumOf('release', 'held')],
      late: [hold.lateMicro, sumOf('capture', 'available')],
      receivable: [hold.receivableMicro, sumOf('receivable', 'receivable')],
      refunded: [hold.refundedMicro, sumOf('refund', 'revenue')],
    }
    const faults = Object.entries(pairs).flatMap(([name, [stored, derived]]) =>
      stored === derived
        ? []
        : [`hold ${hold.id}: ${name} is ${stored}, its transfers sum to ${derived}`],
    )
    const fault = faultOfHold(hold)
    return fault === undefined ? faults : [...faults, `hold ${hold.id}: ${fault}`]
  })
}

// The amount of each posting is the sum of its usage records.
function faultsOfUsage({ usage, transfers }: LedgerRows): string[] {
  const recorded = new Map<string, bigint>()
  for (const { postingId, amountMicro } of usage) {
    recorded.set(postingId, (recorded.get(postingId) ?? 0n) + amountMicro)
  }
  for (const { refType, refId, amountMicro } of transfers) {
    if (refType !== 'usage' || refId === null) continue
    recorded.set(refId, (recorded.get(refId) ?? 0n) - amountMicro)
  }
  return [...recorded]
    .filter(([, difference]) => difference !== 0n)
    .map(
      ([postingId, difference]) =>
        `posting ${postingId} differs from its usage records by ${difference}`,
    )
}
