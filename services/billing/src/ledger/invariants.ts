import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { sum } from '@sluice/kernel/credits'

import type { Account } from '../accounts/chart.ts'
import { isWithinFloor } from '../accounts/chart.ts'
import type { Hold } from './hold.ts'
import { chargedOn, remainderOf } from './hold.ts'
import type { PostedTransfer, Transfer } from './transfer.ts'
import { legsOf } from './transfer.ts'

/** A usage record that was counted, and the posting it was captured with. */
export interface StoredUsage extends UsageRecord {
  postingId: string
}

/** The whole book, for those who check it: simulations and the suites of its stores. */
export interface Book {
  accounts: readonly Account[]
  transfers: readonly PostedTransfer[]
  holds: readonly Hold[]
  usage: readonly StoredUsage[]
}

/** The numbers of what must always hold; ADR 0003 has the list in sentences. */
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

/** What must hold of any book at any moment. Answers what does not, in sentences. */
export function faultsOfBook(book: Book): Fault[] {
  const faults = (invariant: number, messages: string[]): Fault[] =>
    messages.map((message) => ({ invariant, message }))
  return [
    ...faults(invariants.balances, faultsOfBalances(book)),
    ...faults(invariants.held, faultsOfHeld(book)),
    ...faults(invariants.holds, faultsOfHolds(book)),
    ...faults(invariants.usage, faultsOfUsage(book)),
  ]
}

/** What is wrong with a hold by itself; the CHECKs of the table say the same. */
export function faultOfHold(hold: Hold): string | undefined {
  const { amountMicro, capturedMicro, releasedMicro, lateMicro, receivableMicro } = hold
  const amounts = [amountMicro, capturedMicro, releasedMicro, lateMicro, receivableMicro]
  if ([...amounts, hold.lossMicro, hold.refundedMicro].some((amount) => amount < 0n)) {
    return 'an amount is negative'
  }
  if (remainderOf(hold) < 0n) return 'more was captured and released than it had'
  if (hold.state === 'open' && releasedMicro > 0n) return 'an open hold released something'
  if (hold.state !== 'open' && remainderOf(hold) !== 0n) return 'it ended and kept something'
  if ((hold.state === 'open') !== (hold.endedAt === null)) return 'its end has no time'
  if (hold.purpose === 'job' && chargedOn(hold) > amountMicro) return 'a job above its hold'
  if (hold.refundedMicro > capturedMicro + lateMicro) return 'more was given back than was paid'
  return undefined
}

// Every balance is the sum of its legs, within its floor, and all of them add up to zero.
function faultsOfBalances({ accounts, transfers }: Book): string[] {
  const legs = new Map(legsOf(transfers).map(({ id, deltaMicro }) => [id, deltaMicro]))
  const faults = accounts.flatMap((account) => {
    const derived = legs.get(account.id) ?? 0n
    legs.delete(account.id)
    const found: string[] = []
    if (derived !== account.balanceMicro) {
      found.push(`${account.id} says ${account.balanceMicro}, its transfers say ${derived}`)
    }
    if (!isWithinFloor(account)) found.push(`${account.id} is beyond its floor`)
    return found
  })
  const total = sum(accounts.map(({ balanceMicro }) => balanceMicro))
  if (total !== 0n) faults.push(`all balances add up to ${total}`)
  return [...faults, ...[...legs.keys()].map((id) => `${id} has transfers and is no account`)]
}

// What is held for a wallet is what its open holds have left.
function faultsOfHeld({ accounts, holds }: Book): string[] {
  const held = new Map<string, bigint>()
  for (const hold of holds) {
    held.set(hold.wallet, (held.get(hold.wallet) ?? 0n) + remainderOf(hold))
  }
  return accounts
    .filter(
      ({ kind, owner, balanceMicro }) =>
        kind === 'held' && balanceMicro !== (held.get(owner) ?? 0n),
    )
    .map(({ owner, balanceMicro }) => `${owner} holds ${balanceMicro}, its holds say otherwise`)
}

// A hold's columns are the sums of its own transfers, so each of them happened once.
function faultsOfHolds({ holds, transfers }: Book): string[] {
  const ofHold = Map.groupBy(transfers, ({ holdId }) => holdId)
  return holds.flatMap((hold) => {
    const own = ofHold.get(hold.id) ?? []
    const moved = (kind: Transfer['kind'], from: string) =>
      sum(
        own
          .filter((one) => one.kind === kind && one.debitAccount.startsWith(`${from}:`))
          .map(({ amountMicro }) => amountMicro),
      )
    const pairs = {
      amount: [hold.amountMicro, moved('hold', 'available')],
      captured: [hold.capturedMicro, moved('capture', 'held')],
      released: [hold.releasedMicro, moved('release', 'held')],
      late: [hold.lateMicro, moved('capture', 'available')],
      receivable: [hold.receivableMicro, moved('receivable', 'receivable')],
      refunded: [hold.refundedMicro, moved('refund', 'revenue')],
    }
    const faults = Object.entries(pairs).flatMap(([name, [says, derived]]) =>
      says === derived ? [] : [`hold ${hold.id}: ${name} is ${says}, its transfers say ${derived}`],
    )
    const fault = faultOfHold(hold)
    return fault === undefined ? faults : [...faults, `hold ${hold.id}: ${fault}`]
  })
}

// Each record is in exactly one posting, and the postings are exactly the records.
function faultsOfUsage({ usage, transfers }: Book): string[] {
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
    .map(([postingId, difference]) => `posting ${postingId} is ${difference} off its records`)
}
