import type { Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import { createBatchSender } from '@sluice/service-kit/batch-sender'

const REPORTS = { name: 'outcomes', batchMax: 1_000, waitingMax: 5_000, waitMs: 1_000 }

interface Report {
  credentialId: string
  outcome: Outcome
  at: Date
}

export interface OutcomeReports {
  add(credentialId: string, outcome: Outcome, nowMs: number): void
  stop(): Promise<void>
}

/** Reports outcomes of credentials to the scheduler in batches. Consecutive successes are one report. */
export function outcomeReports({
  scheduler,
  clock,
  log,
}: {
  scheduler: Pick<Scheduler, 'reportOutcomes'>
  clock: Clock
  log: Log
}): OutcomeReports {
  const lastKind = new Map<string, Outcome['kind']>()
  const sender = createBatchSender({
    ...REPORTS,
    // The latest outcomes describe a credential best.
    drops: 'oldest',
    send: (outcomes: Report[]) => {
      lastKind.clear()
      return scheduler.reportOutcomes({ outcomes })
    },
    clock,
    log,
  })

  return {
    add(credentialId, outcome, nowMs) {
      if (outcome.kind === 'aborted') return
      // A success with a model lifts a restriction at the scheduler, so it is always reported.
      const isPlain = outcome.kind === 'ok' && outcome.model === undefined
      if (isPlain && lastKind.get(credentialId) === 'ok') return
      lastKind.set(credentialId, outcome.kind)
      sender.add({ credentialId, outcome, at: new Date(nowMs) })
    },
    stop: sender.stop,
  }
}
