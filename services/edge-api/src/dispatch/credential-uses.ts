import type { Outcome } from '@sluice/contracts/scheduler.contract'

const LIMITED_REST_MS = 5_000
const UNAUTHORISED_REST_MS = 60_000
const FAILED_REST_MS = 2_000
const FAILED_REST_MS_MAX = 60_000
/** One failure may be chance; from the third in a row on, the credential rests. */
const FAILURES_BEFORE_REST = 3
const CREDENTIALS_MAX = 100_000

interface Use {
  running: number
  restUntilMs: number
  failures: number
}

/** What this edge knows of credentials between two snapshots: what runs on them, and which rest. */
export interface CredentialUses {
  of(credentialId: string): Readonly<Use> | undefined
  begin(credentialId: string): void
  end(credentialId: string, outcome: Outcome, nowMs: number): void
}

/** The scheduler decides for all edges; this keeps one edge from knocking again before it has. */
export function credentialUses(): CredentialUses {
  const uses = new Map<string, Use>()
  const useOf = (credentialId: string): Use => {
    const known = uses.get(credentialId)
    if (known) return known
    if (uses.size >= CREDENTIALS_MAX) forgetUnused(uses)
    const use = { running: 0, restUntilMs: 0, failures: 0 }
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
  }
}

function applyOutcome(use: Use, outcome: Outcome, nowMs: number): void {
  switch (outcome.kind) {
    case 'ok':
      use.failures = 0
      return
    case 'limited':
      use.restUntilMs = outcome.retryAt?.getTime() ?? nowMs + LIMITED_REST_MS
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
