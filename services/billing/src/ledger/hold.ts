import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'

import type { Transfer } from './transfer.ts'
import { transfer } from './transfer.ts'

export type HoldState = 'open' | 'captured' | 'voided' | 'expired'
export type HoldPurpose = 'job' | 'allowance'

/** Credits reserved: for one image job, or in bulk for one edge's calls (an allowance). */
export interface Hold {
  id: string
  wallet: string
  purpose: HoldPurpose
  /** The job's id, or the allowance's own. Unique with the purpose. */
  ref: string
  edge: string | null
  model: string | null
  priceId: string | null
  amountMicro: bigint
  capturedMicro: bigint
  releasedMicro: bigint
  /** Charged to the available balance: after the hold ended, or above its remainder. */
  lateMicro: bigint
  /** Delivered, and neither the hold nor the available balance covered it. */
  receivableMicro: bigint
  /** Consumed upstream above what the caller may be charged. */
  lossMicro: bigint
  refundedMicro: bigint
  state: HoldState
  /** The usage of a job; null until it was charged. */
  usage: Usage | null
  usageSource: UsageSource | null
  apiKeyId: string | null
  expiresAt: Date
  openedAt: Date
  endedAt: Date | null
  /** When the job was charged or voided. An expired hold may still be settled, once. */
  settledAt: Date | null
}

/** One change of the ledger: the new state of a hold and its transfers. */
export interface Movement {
  hold: Hold
  transfers: Transfer[]
}

type NewHold = Pick<
  Hold,
  'id' | 'wallet' | 'purpose' | 'ref' | 'edge' | 'model' | 'priceId' | 'amountMicro'
> &
  Pick<Hold, 'expiresAt' | 'openedAt'>

/** A hold and the transfer that reserves its amount; none when the amount is 0. */
export function openedHold(facts: NewHold): Movement {
  const hold: Hold = {
    ...facts,
    capturedMicro: 0n,
    releasedMicro: 0n,
    lateMicro: 0n,
    receivableMicro: 0n,
    lossMicro: 0n,
    refundedMicro: 0n,
    state: 'open',
    usage: null,
    usageSource: null,
    apiKeyId: null,
    endedAt: null,
    settledAt: null,
  }
  return {
    hold,
    transfers: transferOf('hold', { hold, amountMicro: hold.amountMicro, at: hold.openedAt }),
  }
}

/** The amount of the hold that is neither captured nor released. */
export const remainderOf = (hold: Hold) =>
  hold.amountMicro - hold.capturedMicro - hold.releasedMicro

/** The amount charged so far, over all routes. */
export const chargedOn = (hold: Hold) => hold.capturedMicro + hold.lateMicro + hold.receivableMicro

/** The paid and not yet refunded amount: the maximum of a refund. */
export const refundableOf = (hold: Hold) => hold.capturedMicro + hold.lateMicro - hold.refundedMicro

/** Voids a job's open hold. A hold that has ended keeps its state and is marked as settled. */
export function voidJob({ hold, at }: { hold: Hold; at: Date }): Movement {
  if (hold.state === 'open') return endHold({ hold, state: 'voided', at })
  return { hold: { ...hold, settledAt: hold.settledAt ?? at }, transfers: [] }
}

/** Ends an open hold and releases its remainder. */
export function endHold({
  hold,
  state,
  at,
}: {
  hold: Hold
  state: Exclude<HoldState, 'open'>
  at: Date
}): Movement {
  assert(hold.state === 'open', 'only an open hold can end')
  const amountMicro = remainderOf(hold)
  const settledAt = state === 'expired' ? hold.settledAt : at
  return {
    hold: { ...hold, state, releasedMicro: amountMicro, endedAt: at, settledAt },
    transfers: transferOf('release', { hold, amountMicro, at }),
  }
}

/** Refunds captured credits by a new entry. */
export function refundHold({
  hold,
  amountMicro,
  transferId,
  memo,
  at,
}: {
  hold: Hold
  amountMicro: bigint
  transferId: string
  memo: string
  at: Date
}): Movement {
  assert(amountMicro <= refundableOf(hold), 'a refund is never more than what was paid')
  const { wallet, id: holdId } = hold
  const facts = { id: transferId, wallet, amountMicro, holdId, memo, createdAt: at }
  return {
    hold: { ...hold, refundedMicro: hold.refundedMicro + amountMicro },
    transfers: [transfer('refund', { ...facts, ...refOf(hold) })],
  }
}

/**
 * The transfer of an amount of a hold; none when the amount is 0. Its id is `<idBase>:<route>`, so that the
 * same transfer cannot be posted twice. `idBase` is the posting where one hold is captured many times.
 */
export function transferOf(
  route: 'hold' | 'capture' | 'late' | 'release' | 'receivable',
  {
    hold,
    amountMicro,
    idBase = hold.id,
    at,
  }: { hold: Hold; amountMicro: bigint; idBase?: string; at: Date },
): Transfer[] {
  if (amountMicro === 0n) return []
  const id = `${idBase}:${route}`
  const { wallet, id: holdId } = hold
  const ref = idBase === hold.id ? refOf(hold) : ({ refType: 'usage', refId: idBase } as const)
  return [transfer(route, { id, wallet, amountMicro, holdId, createdAt: at, ...ref })]
}

const refOf = (hold: Hold): Pick<Transfer, 'refType' | 'refId'> =>
  hold.purpose === 'job' ? { refType: 'job', refId: hold.ref } : { refType: null, refId: null }
