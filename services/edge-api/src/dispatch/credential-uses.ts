import type { Outcome } from '@sluice/contracts/scheduler.contract'

import type { UseRestrictions } from '../use-restrictions.ts'
import { avoidForChat, noteOutcome } from '../use-restrictions.ts'

const LIMITED_REST_MS = 5_000
const UNAUTHORISED_REST_MS = 60_000
const FAILED_REST_MS = 2_000
const FAILED_REST_MS_MAX = 60_000
/** One failure may be chance; from the third in a row on, the credential rests. */
const FAILURES_BEFORE_REST = 3
/** Refusals in a row that blame the request; so many of them may mean the credential after all. */
const REFUSALS_BEFORE_AVOIDING = 5
const AVOIDED_MS = 60_000
const CREDENTIALS_MAX = 100_000

interface Use {
  running: number
  restUntilMs: number
  failures: number
  refusals: number
  restrictions: UseRestrictions | undefined
}

/** What this edge knows of credentials between two snapshots: what runs on them, and which rest. */
export interface CredentialUses {
  of(credentialId: string): Readonly<Use> | undefined
  begin(credentialId: string): void
  end(credentialId: string, outcome: Outcome, nowMs: number): void
  /**
   * The upstream refused a request in words that name neither account nor key. After some in a row others
   * are chosen first for a while; nothing is reported of it.
   */
  noteRefusal(credentialId: string, nowMs: number): void
}

/** The scheduler decides for all edges; this keeps one edge from knocking again before it has. */
export function credentialUses(): CredentialUses {
  const uses = new Map<string, Use>()
  const useOf = (credentialId: string): Use => {
    const known = uses.get(credentialId)
    if (known) return known
    if (uses.size >= CREDENTIALS_MAX) forgetUnused(uses)
    const use: Use = {
      running: 0,
      restUntilMs: 0,
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
      use.restUntilMs = outcome.retryAt?.getTime() ?? nowMs + LIMITED_REST_MS
      return
    case 'denied':
      use.restrictions = noteOutcome(use.restrictions, { outcome, nowMs })
      return
    // The scheduler knows how often it was refused; until it has said so, a short rest is enough.
    case 'refused':
      use.restUntilMs = nowMs + LIMITED_REST_MS
      return
    case 'unauthorised':
      use.restUntilMs = nowMs + UNAUTHORISED_REST_MS
      return
    case 'failed': {
      use.failures += 1
      const over = use.failures - FAILURES_BEFORE_REST
      if (over < 0) return
      use.restUntilMs = nowMs + Math.min(FAILED_REST_MS * 2 ** over, FAILED_REST_MS_MAX)
      return
    }
    case 'aborted':
  }
}

function forgetUnused(uses: Map<string, Use>): void {
  for (const [id, use] of uses) if (use.running === 0) uses.delete(id)
}
