import type { CredentialOperation } from '@sluice/contracts/scheduler.contract'

import { coolDown } from './cooldown.ts'

/** Something that a credential cannot do until a time, while it may be used for all else. */
export interface Restriction {
  /** `limited`: not before the time. `denied`: before it only when no other credential is there. */
  kind: 'limited' | 'denied'
  operation?: CredentialOperation | undefined
  /** The upstream's name of a model. */
  model?: string | undefined
  untilMs: number
  /** Limits in a row, for upstreams that name no end. */
  times: number
}

/** What a credential is wanted for, or was used for. */
export interface Use {
  operation?: CredentialOperation | undefined
  model?: string | undefined
}

/** Restrictions of one credential: those that end first give way to newer ones. */
export const RESTRICTIONS_MAX = 32
/** A permission or a model may be granted at the upstream: after this long one call finds out. */
export const DENIED_MS = 600_000
/** How long the length of a row of limits is known after its last end. */
const ROW_MEMORY_MS = 600_000

/** Calls of one model rest: until `retryAtMs`, or twice as long as the last time. */
export function limitModel(
  known: readonly Restriction[],
  { model, atMs, retryAtMs }: { model: string; atMs: number; retryAtMs: number | null },
): readonly Restriction[] {
  const before = known.find((one) => one.kind === 'limited' && one.model === model) ?? null
  const cooled = coolDown(before, { atMs, retryAtMs })
  if (cooled === before) return known
  const limited: Restriction = { kind: 'limited', model, ...timesOf(cooled) }
  return keep([...known.filter((one) => one !== before), limited], atMs)
}

/** Other credentials are chosen first for this operation, or this model. */
export function denyUse(
  known: readonly Restriction[],
  { operation, model, atMs }: Use & { atMs: number },
): readonly Restriction[] {
  if (operation === undefined && model === undefined) return known
  const same = (one: Restriction) =>
    one.kind === 'denied' && one.operation === operation && one.model === model
  const before = known.find(same)
  // Calls that ran side by side are denied side by side.
  if (before !== undefined && atMs < before.untilMs) return known
  const denied: Restriction = {
    kind: 'denied',
    ...(operation !== undefined && { operation }),
    ...(model !== undefined && { model }),
    untilMs: atMs + DENIED_MS,
    times: 1,
  }
  return keep([...known.filter((one) => one !== before), denied], atMs)
}

/** What worked is not denied, and not limited any more unless the success began before the limit. */
export function liftRestrictions(
  known: readonly Restriction[],
  { operation, model, atMs }: Use & { atMs: number },
): readonly Restriction[] {
  if (known.length === 0) return known
  const stays = (one: Restriction) => {
    if (one.kind === 'limited') return one.model !== model || atMs < one.untilMs
    const sameOperation = one.operation === undefined || one.operation === operation
    const sameModel = one.model === undefined || one.model === model
    return !(sameOperation && sameModel)
  }
  return known.every(stays) ? known : known.filter(stays)
}

/** When calls of this model may begin; 0 when nothing is known. */
export function limitedUntilMs(known: readonly Restriction[], model: string | undefined): number {
  if (model === undefined) return 0
  const own = known.find((one) => one.kind === 'limited' && one.model === model)
  return own?.untilMs ?? 0
}

/** Whether another credential is to be preferred for this use. */
export function isDenied(
  known: readonly Restriction[],
  { operation, model, nowMs }: Use & { nowMs: number },
): boolean {
  return known.some(
    (one) =>
      one.kind === 'denied' &&
      nowMs < one.untilMs &&
      (one.operation === undefined || one.operation === operation) &&
      (one.model === undefined || one.model === model),
  )
}

/** Those that still hold back something. */
export function restrictionsNow(
  known: readonly Restriction[],
  { nowMs }: { nowMs: number },
): readonly Restriction[] {
  return known.length === 0 ? known : known.filter(({ untilMs }) => nowMs < untilMs)
}

const timesOf = ({ untilMs, times }: Pick<Restriction, 'untilMs' | 'times'>) => ({ untilMs, times })

function keep(all: readonly Restriction[], atMs: number): readonly Restriction[] {
  const live = all.filter(({ kind, untilMs }) =>
    kind === 'denied' ? atMs < untilMs : atMs < untilMs + ROW_MEMORY_MS,
  )
  if (live.length <= RESTRICTIONS_MAX) return live
  return live.toSorted((a, b) => b.untilMs - a.untilMs).slice(0, RESTRICTIONS_MAX)
}
