import type { CredentialRestriction, Outcome } from '@sluice/contracts/scheduler.contract'

/** Temporary restrictions of a credential for chat calls, as observed by one edge. */
export interface UseRestrictions {
  /** End of the rate limit by upstream model: such calls wait. */
  readonly limited: ReadonlyMap<string, number>
  /** End of the denial by upstream model, or by `ALL_CHAT`: such calls prefer other credentials. */
  readonly denied: ReadonlyMap<string, number>
}

/** Key in `denied` for all chat calls. No model has an empty name. */
export const ALL_CHAT = ''

const LIMITED_MS = 5_000
/** The same duration as the scheduler's. */
const DENIED_MS = 600_000
const ENTRIES_MAX = 32

/** The restrictions after an outcome; undefined when none is left. */
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

/** Makes chat calls prefer other credentials until `untilMs`. */
export function avoidForChat(
  known: UseRestrictions | undefined,
  { untilMs, nowMs }: { untilMs: number; nowMs: number },
): UseRestrictions {
  const { limited, denied } = known ?? NONE
  return { limited, denied: withEntry(denied, { key: ALL_CHAT, untilMs, nowMs }) }
}

/** End of the model's rate limit, by this edge and by the snapshot; 0 when there is none. */
export function modelLimitedUntilMs(
  known: UseRestrictions | undefined,
  listed: readonly CredentialRestriction[] | undefined,
  model: string,
): number {
  let untilMs = known?.limited.get(model) ?? 0
  for (const one of listed ?? []) {
    if (one.kind !== 'limited' || one.model !== model) continue
    untilMs = Math.max(untilMs, one.until.getTime())
  }
  return untilMs
}

/** Whether chat calls of the model prefer other credentials, by this edge and by the snapshot. */
export function isDeniedChat(
  known: UseRestrictions | undefined,
  listed: readonly CredentialRestriction[] | undefined,
  { model, nowMs }: { model: string; nowMs: number },
): boolean {
  const ownMs = Math.max(known?.denied.get(model) ?? 0, known?.denied.get(ALL_CHAT) ?? 0)
  if (ownMs > nowMs) return true
  return (listed ?? []).some(
    (one) =>
      one.kind === 'denied' &&
      one.until.getTime() > nowMs &&
      (one.operation === undefined || one.operation === 'chat') &&
      (one.model === undefined || one.model === model),
  )
}

const NONE: UseRestrictions = { limited: new Map(), denied: new Map() }

// A success that began before a rate limit does not lift it.
function afterSuccess(
  { limited, denied }: UseRestrictions,
  { model, nowMs }: { model: string | undefined; nowMs: number },
): UseRestrictions | undefined {
  const openLimits = new Map([...limited].filter(([, untilMs]) => untilMs > nowMs))
  const openDenials = new Map(
    [...denied].filter(([key, untilMs]) => untilMs > nowMs && key !== ALL_CHAT && key !== model),
  )
  const isEmpty = openLimits.size === 0 && openDenials.size === 0
  return isEmpty ? undefined : { limited: openLimits, denied: openDenials }
}

function withEntry(
  entries: ReadonlyMap<string, number>,
  { key, untilMs, nowMs }: { key: string; untilMs: number; nowMs: number },
): ReadonlyMap<string, number> {
  const live = [...entries].filter(([one, endMs]) => endMs > nowMs && one !== key)
  // The oldest entries are dropped.
  return new Map([...live.slice(1 - ENTRIES_MAX), [key, untilMs]])
}
