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
  /** The job's id; an allowance's own. One hold a (purpose, ref), for ever. */
  ref: string
  edge: string | null
  model: string | null
  priceId: string | null
  amountMicro: bigint
  capturedMicro: bigint
  releasedMicro: bigint
  /** Paid from available: after the end, or beyond what the hold had left. */
  lateMicro: bigint
  /** Delivered, and nothing was there to pay it. */
  receivableMicro: bigint
  /** Consumed upstream above what the caller may be charged. */
  lossMicro: bigint
  refundedMicro: bigint
  state: HoldState
  /** What a job delivered; null until that was charged. */
  usage: Usage | null
  usageSource: UsageSource | null
  apiKeyId: string | null
  expiresAt: Date
  openedAt: Date
  endedAt: Date | null
  /** When a job's end was decided. An expired hold may still be settled, once. */
  settledAt: Date | null
}

/** What a decision changes: a hold's new self and the transfers that belong to it. */
export interface Movement {
  hold: Hold
  transfers: Transfer[]
}

type NewHold = Pick<
  Hold,
  'id' | 'wallet' | 'purpose' | 'ref' | 'edge' | 'model' | 'priceId' | 'amountMicro'
> &
  Pick<Hold, 'expiresAt' | 'openedAt'>

/** A hold and the transfer that reserves its amount. A free one moves nothing. */
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

/** What the hold has left. */
export const remainderOf = (hold: Hold) =>
  hold.amountMicro - hold.capturedMicro - hold.releasedMicro

/** What was charged so far, by whatever route. */
export const chargedOn = (hold: Hold) => hold.capturedMicro + hold.lateMicro + hold.receivableMicro

/** What of it was paid and not given back: the most that a refund may be. */
export const refundableOf = (hold: Hold) => hold.capturedMicro + hold.lateMicro - hold.refundedMicro

/** Gives all of a job's hold back. One that has ended stays as it is, but is settled from now on. */
export function voidJob({ hold, at }: { hold: Hold; at: Date }): Movement {
  if (hold.state === 'open') return endHold({ hold, state: 'voided', at })
  return { hold: { ...hold, settledAt: hold.settledAt ?? at }, transfers: [] }
}

/** Ends an open hold and gives back what it has left. */
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
  const decided = state === 'expired' ? hold.settledAt : at
  return {
    hold: { ...hold, state, releasedMicro: amountMicro, endedAt: at, settledAt: decided },
    transfers: transferOf('release', { hold, amountMicro, at }),
  }
}

/** Gives captured credits back by a new entry. */
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
 * The transfer of an amount of a hold; none of nothing. Its id says what happened to what, so that it
 * can be in the book only once. `idBase` is the posting, where many may happen to one hold.
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
