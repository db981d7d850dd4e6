import type { CredentialRestriction, Outcome } from '@sluice/contracts/scheduler.contract'

/** What an upstream lets no chat call of a credential do until a time, as one edge knows it. */
export interface UseRestrictions {
  /** Ends of rests by the upstream's name of a model: such calls wait. */
  readonly limited: ReadonlyMap<string, number>
  /** Ends by model, or by `ALL_CHAT`: such calls go to other credentials first. */
  readonly denied: ReadonlyMap<string, number>
}

/** In `denied`: the credential may not chat at all. No model has an empty name. */
export const ALL_CHAT = ''

const LIMITED_MS = 5_000
/** The same time as the scheduler's. */
const DENIED_MS = 600_000
const ENTRIES_MAX = 32

/** The restrictions after one more outcome; undefined when none is left. */
export function noteOutcome(
  known: UseRestrictions | undefined,
  { outcome, nowMs }: { outcome: Outcome; nowMs: number },
): UseRestrictions | undefined {
  const { limited, denied } = known ?? NONE
  if (outcome.kind === 'limited' && outcome.model !== undefined) {
    const untilMs = outcome.retryAt?.getTime() ?? nowMs + LIMITED_MS
    return { denied, limited: withEntry(limited, { key: outcome.model, untilMs, nowMs }) }
  }
  if (outcome.kind === 'denied') {
    const key = outcome.model ?? (outcome.operation === 'chat' ? ALL_CHAT : undefined)
    if (key === undefined) return known
    const untilMs = nowMs + DENIED_MS
    return { limited, denied: withEntry(denied, { key, untilMs, nowMs }) }
  }
  return known && outcome.kind === 'ok'
    ? afterSuccess(known, { model: outcome.model, nowMs })
    : known
}

/** Chat calls go to other credentials first until `untilMs`. */
export function avoidForChat(
  known: UseRestrictions | undefined,
  { untilMs, nowMs }: { untilMs: number; nowMs: number },
): UseRestrictions {
  const { limited, denied } = known ?? NONE
  return { limited, denied: withEntry(denied, { key: ALL_CHAT, untilMs, nowMs }) }
}

/** When calls of the model may begin, by this edge and by the snapshot; 0 when nothing is known. */
export function modelRestUntilMs(
  known: UseRestrictions | undefined,
  told: readonly CredentialRestriction[] | undefined,
  model: string,
): number {
  let untilMs = known?.limited.get(model) ?? 0
  for (const one of told ?? []) {
    if (one.kind !== 'limited' || one.model !== model) continue
    untilMs = Math.max(untilMs, one.until.getTime())
  }
  return untilMs
}

/** Whether chat calls of the model go to other credentials first, by this edge and by the snapshot. */
export function isDeniedChat(
  known: UseRestrictions | undefined,
  told: readonly CredentialRestriction[] | undefined,
  { model, nowMs }: { model: string; nowMs: number },
): boolean {
  const ownMs = Math.max(known?.denied.get(model) ?? 0, known?.denied.get(ALL_CHAT) ?? 0)
  if (ownMs > nowMs) return true
  return (told ?? []).some(
    (one) =>
      one.kind === 'denied' &&
      one.until.getTime() > nowMs &&
      (one.operation === undefined || one.operation === 'chat') &&
      (one.model === undefined || one.model === model),
  )
}

const NONE: UseRestrictions = { limited: new Map(), denied: new Map() }

// A success that began before a limit does not end it.
function afterSuccess(
  { limited, denied }: UseRestrictions,
  { model, nowMs }: { model: string | undefined; nowMs: number },
): UseRestrictions | undefined {
  const keptLimits = new Map([...limited].filter(([, untilMs]) => untilMs > nowMs))
  const keptDenials = new Map(
    [...denied].filter(([key, untilMs]) => untilMs > nowMs && key !== ALL_CHAT && key !== model),
  )
  const isEmpty = keptLimits.size === 0 && keptDenials.size === 0
  return isEmpty ? undefined : { limited: keptLimits, denied: keptDenials }
}

function withEntry(
  entries: ReadonlyMap<string, number>,
  { key, untilMs, nowMs }: { key: string; untilMs: number; nowMs: number },
): ReadonlyMap<string, number> {
  const live = [...entries].filter(([one, endMs]) => endMs > nowMs && one !== key)
  // The oldest give way.
  return new Map([...live.slice(1 - ENTRIES_MAX), [key, untilMs]])
}
