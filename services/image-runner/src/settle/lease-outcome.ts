import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { ABORTED, outcomeOf } from '@sluice/upstreams/outcome-of'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

/** The outcome of a call for its credential; `model` is the upstream's name of the model, if known. Pure. */
export function leaseOutcome(
  end:
    | { outcome: 'generated' }
    | { outcome: 'stopped' }
    | { outcome: 'failed'; failure: UpstreamFailure },
  { nowMs, model }: { nowMs: number; model: string | undefined },
): Outcome {
  switch (end.outcome) {
    case 'generated':
      return { kind: 'ok', operation: 'image', ...(model !== undefined && { model }) }
    case 'stopped':
      return ABORTED
    case 'failed':
      return outcomeOf(end.failure, { nowMs, operation: 'image', model })
  }
}
