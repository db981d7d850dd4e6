import type { CredentialOperation } from '@sluice/contracts/scheduler.contract'

import { coolDown } from './cooldown.ts'

/** A use of a credential that is restricted until a time; all other uses are allowed. */
export interface Restriction {
  /** `limited`: not used before `untilMs`. `denied`: used before it only when there is no other credential. */
  kind: 'limited' | 'denied'
  operation?: CredentialOperation | undefined
  /** The upstream's name of a model. */
  model?: string | undefined
  untilMs: number
  /** Consecutive limits, for the backoff without a stated end. */
  times: number
}

/** A requested or finished use of a credential. */
export interface Use {
  operation?: CredentialOperation | undefined
  model?: string | undefined
}

/** Maximum restrictions of one credential; beyond it, those that end first are removed. */
export const RESTRICTIONS_MAX = 32
/** The upstream may grant a permission or a model: after this time one call checks it. */
export const DENIED_MS = 600_000
/** How long the backoff of a limit is stored after its end. */
const BACKOFF_MEMORY_MS = 600_000

/** Limits calls of one model: until `retryAtMs`, or twice as long as the last time. */
export function limitModel(
  restrictions: readonly Restriction[],
  { model, atMs, retryAtMs }: { model: string; atMs: number; retryAtMs: number | null },
): readonly Restriction[] {
  const before = restrictions.find((one) => one.kind === 'limited' && one.model === model) ?? null
  const cooled = coolDown(before, { atMs, retryAtMs })
  if (cooled === before) return restrictions
  const limited: Restriction = { kind: 'limited', model, ...timesOf(cooled) }
  return prune([...restrictions.filter((one) => one !== before), limited], atMs)
}

/** Marks an operation or a model as denied: other credentials are preferred for it. */
export function denyUse(
  restrictions: readonly Restriction[],
  { operation, model, atMs }: Use & { atMs: number },
): readonly Restriction[] {
  if (operation === undefined && model === undefined) return restrictions
  const same = (one: Restriction) =>
    one.kind === 'denied' && one.operation === operation && one.model === model
  const before = restrictions.find(same)
  // Concurrent calls are denied together and count once.
  if (before !== undefined && atMs < before.untilMs) return restrictions
  const denied: Restriction = {
    kind: 'denied',
    ...(operation !== undefined && { operation }),
    ...(model !== undefined && { model }),
    untilMs: atMs + DENIED_MS,
    times: 1,
  }
  return prune([...restrictions.filter((one) => one !== before), denied], atMs)
}

/** A success removes the restrictions of its use, except limits whose end is later than the success. */
export function liftRestrictions(
  restrictions: readonly Restriction[],
  { operation, model, atMs }: Use & { atMs: number },
): readonly Restriction[] {
  if (restrictions.length === 0) return restrictions
  const stays = (one: Restriction) => {
    if (one.kind === 'limited') return one.model !== model || atMs < one.untilMs
    const sameOperation = one.operation === undefined || one.operation === operation
    const sameModel = one.model === undefined || one.model === model
    return !(sameOperation && sameModel)
  }
  return restrictions.every(stays) ? restrictions : restrictions.filter(stays)
}

/** When calls of this model are allowed; 0 without a limit. */
export function limitedUntilMs(
  restrictions: readonly Restriction[],
  model: string | undefined,
): number {
  if (model === undefined) return 0
  const own = restrictions.find((one) => one.kind === 'limited' && one.model === model)
  return own?.untilMs ?? 0
}

/** Whether another credential is preferred for this use. */
export function isDenied(
  restrictions: readonly Restriction[],
  { operation, model, nowMs }: Use & { nowMs: number },
): boolean {
  return restrictions.some(
    (one) =>
      one.kind === 'denied' &&
      nowMs < one.untilMs &&
      (one.operation === undefined || one.operation === operation) &&
      (one.model === undefined || one.model === model),
  )
}

/** The restrictions that have not ended. */
export function activeRestrictions(
  restrictions: readonly Restriction[],
  { nowMs }: { nowMs: number },
): readonly Restriction[] {
  return restrictions.length === 0
    ? restrictions
    : restrictions.filter(({ untilMs }) => nowMs < untilMs)
}

const timesOf = ({ untilMs, times }: Pick<Restriction, 'untilMs' | 'times'>) => ({ untilMs, times })

function prune(all: readonly Restriction[], atMs: number): readonly Restriction[] {
  const live = all.filter(({ kind, untilMs }) =>
    kind === 'denied' ? atMs < untilMs : atMs < untilMs + BACKOFF_MEMORY_MS,
  )
  if (live.length <= RESTRICTIONS_MAX) return live
  return live.toSorted((a, b) => b.untilMs - a.untilMs).slice(0, RESTRICTIONS_MAX)
}
