import type { Outcome } from '@sluice/contracts/scheduler.contract'

import type { UseRestrictions } from './use-restrictions.ts'
import { avoidForChat, noteOutcome } from './use-restrictions.ts'

const LIMITED_COOLDOWN_MS = 5_000
const UNAUTHORISED_COOLDOWN_MS = 60_000
const FAILED_COOLDOWN_MS = 2_000
const FAILED_COOLDOWN_MS_MAX = 60_000
/** Consecutive failures from which on the credential is put in a cooldown. */
const FAILURES_BEFORE_COOLDOWN = 3
/** Consecutive refusals that blame the request, from which on the credential is avoided. */
const REFUSALS_BEFORE_AVOIDING = 5
const AVOIDED_MS = 60_000
const CREDENTIALS_MAX = 100_000

interface Use {
  running: number
  coolingUntilMs: number
  failures: number
  refusals: number
  restrictions: UseRestrictions | undefined
}

/** Running calls and cooldowns of credentials at this edge. */
export interface CredentialUses {
  of(credentialId: string): Readonly<Use> | undefined
  begin(credentialId: string): void
  end(credentialId: string, outcome: Outcome, nowMs: number): void
  /**
   * The upstream refused a request without blaming account or key. After several in a row other credentials
   * are preferred for a while; this is not reported to the scheduler.
   */
  noteRefusal(credentialId: string, nowMs: number): void
}

/** Local state until the scheduler's decision for all edges arrives with the next snapshot. */
export function credentialUses(): CredentialUses {
  const uses = new Map<string, Use>()
  const useOf = (credentialId: string): Use => {
    const known = uses.get(credentialId)
    if (known) return known
    if (uses.size >= CREDENTIALS_MAX) forgetUnused(uses)
    const use: Use = {
      running: 0,
      coolingUntilMs: 0,
      failures: 0,
      refusals: 0,
      restrictions: undefined,
    }
    uses.set(credentialId, use)
    return use
  }
  return {
    of: (credentialId) => uses.get(credentialId),
    begin: (credentialId) => void (useOf(credentialId).running += 1),
    end(credentialId, outcome, nowMs) {
      const use = useOf(credentialId)
      use.running = Math.max(0, use.running - 1)
      applyOutcome(use, outcome, nowMs)
    },
    noteRefusal(credentialId, nowMs) {
      const use = useOf(credentialId)
      use.refusals += 1
      if (use.refusals < REFUSALS_BEFORE_AVOIDING) return
      const untilMs = nowMs + AVOIDED_MS
      use.restrictions = avoidForChat(use.restrictions, { untilMs, nowMs })
    },
  }
}

function applyOutcome(use: Use, outcome: Outcome, nowMs: number): void {
  switch (outcome.kind) {
    case 'ok':
      use.failures = 0
      use.refusals = 0
      if (use.restrictions) use.restrictions = noteOutcome(use.restrictions, { outcome, nowMs })
      return
    case 'limited':
      if (outcome.model !== undefined) {
        use.restrictions = noteOutcome(use.restrictions, { outcome, nowMs })
        return
      }
      use.coolingUntilMs = outcome.retryAt?.getTime() ?? nowMs + LIMITED_COOLDOWN_MS
      return
    case 'denied':
      use.restrictions = noteOutcome(use.restrictions, { outcome, nowMs })
      return
    // The scheduler sets the cooldown by the number of refusals; a short one is enough until then.
    case 'refused':
      use.coolingUntilMs = nowMs + LIMITED_COOLDOWN_MS
      return
    case 'unauthorised':
      use.coolingUntilMs = nowMs + UNAUTHORISED_COOLDOWN_MS
      return
    case 'failed': {
      use.failures += 1
      const over = use.failures - FAILURES_BEFORE_COOLDOWN
      if (over < 0) return
      use.coolingUntilMs = nowMs + Math.min(FAILED_COOLDOWN_MS * 2 ** over, FAILED_COOLDOWN_MS_MAX)
      return
    }
    case 'aborted':
  }
}

function forgetUnused(uses: Map<string, Use>): void {
  for (const [id, use] of uses) if (use.running === 0) uses.delete(id)
}
