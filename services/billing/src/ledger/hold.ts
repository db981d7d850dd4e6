import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'
import { lesser } from '@sluice/kernel/credits'

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
    transfers: move('hold', { hold, amountMicro: hold.amountMicro, at: hold.openedAt }),
  }
}

/** What the hold has left. */
export const remainderOf = (hold: Hold) =>
  hold.amountMicro - hold.capturedMicro - hold.releasedMicro

/** What was charged so far, by whatever route. */
export const chargedOn = (hold: Hold) => hold.capturedMicro + hold.lateMicro + hold.receivableMicro

/** What of it was paid and not given back: the most that a refund may be. */
export const refundableOf = (hold: Hold) => hold.capturedMicro + hold.lateMicro - hold.refundedMicro

/**
 * Charges what a job delivered, never more than its hold, and gives the rest back. A hold that
 * expired before is charged to what is available, else as a receivable. A voided one is not charged:
 * its caller was told so; all of the usage is loss.
 */
export function captureJob({
  hold,
  usage,
  source,
  apiKeyId,
  ratedMicro,
  availableMicro,
  at,
}: {
  hold: Hold
  usage: Usage
  source: UsageSource
  apiKeyId: string
  ratedMicro: bigint
  availableMicro: bigint
  at: Date
}): Movement {
  assert(hold.purpose === 'job' && hold.usage === null, 'a job is charged once')
  const dueMicro = dueOfJob({ hold, ratedMicro })
  const facts = { usage, usageSource: source, apiKeyId, lossMicro: ratedMicro - dueMicro }
  const settled: Hold = { ...hold, ...facts, settledAt: hold.settledAt ?? at }
  const covered = cover({ hold: settled, dueMicro, availableMicro, idBase: hold.id, at })
  if (hold.state !== 'open') return covered
  return followedBy(covered, endHold({ hold: covered.hold, state: 'captured', at }))
}

/** What a job owes for usage that is rated so: never more than its hold, nothing when it was voided. */
export const dueOfJob = ({ hold, ratedMicro }: { hold: Hold; ratedMicro: bigint }) =>
  hold.state === 'voided' ? 0n : lesser(ratedMicro, hold.amountMicro)

/** Gives all of a job's hold back. One that has ended stays as it is, but is settled from now on. */
export function voidJob({ hold, at }: { hold: Hold; at: Date }): Movement {
  if (hold.state === 'open') return endHold({ hold, state: 'voided', at })
  return { hold: { ...hold, settledAt: hold.settledAt ?? at }, transfers: [] }
}

/**
 * Charges calls on an allowance: what it has left, then what is available, then as a receivable. An
 * edge never spends more than its allowance; a record that comes after the expiry does.
 */
export function captureCalls({
  hold,
  dueMicro,
  lossMicro,
  availableMicro,
  postingId,
  at,
}: {
  hold: Hold
  dueMicro: bigint
  lossMicro: bigint
  availableMicro: bigint
  postingId: string
  at: Date
}): Movement {
  assert(hold.purpose === 'allowance', 'calls are charged to an allowance')
  const losing = { ...hold, lossMicro: hold.lossMicro + lossMicro }
  return cover({ hold: losing, dueMicro, availableMicro, idBase: postingId, at })
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
    transfers: move('release', { hold, amountMicro, at }),
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

/** Whether `cover` needs to know what is available. */
export const needsAvailable = ({ hold, dueMicro }: { hold: Hold; dueMicro: bigint }) =>
  dueMicro > openRemainder(hold)

function cover({
  hold,
  dueMicro,
  availableMicro,
  idBase,
  at,
}: {
  hold: Hold
  dueMicro: bigint
  availableMicro: bigint
  idBase: string
  at: Date
}): Movement {
  const fromHold = lesser(dueMicro, openRemainder(hold))
  const late = lesser(dueMicro - fromHold, availableMicro)
  const receivable = dueMicro - fromHold - late
  const facts = { hold, idBase, at }
  return {
    hold: {
      ...hold,
      capturedMicro: hold.capturedMicro + fromHold,
      lateMicro: hold.lateMicro + late,
      receivableMicro: hold.receivableMicro + receivable,
    },
    transfers: [
      ...move('capture', { ...facts, amountMicro: fromHold }),
      ...move('late', { ...facts, amountMicro: late }),
      ...move('receivable', { ...facts, amountMicro: receivable }),
    ],
  }
}

const openRemainder = (hold: Hold) => (hold.state === 'open' ? remainderOf(hold) : 0n)

// The id names what happened, so that it can be in the book only once.
function move(
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

const followedBy = (first: Movement, second: Movement): Movement => ({
  hold: second.hold,
  transfers: [...first.transfers, ...second.transfers],
})
