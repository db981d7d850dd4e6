import type { Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const FLUSH_MS = 1_000
const BATCH_MAX = 1_000
/** Beyond this the oldest reports are dropped. */
const WAITING_MAX = 5_000

interface Report {
  credentialId: string
  outcome: Outcome
  at: Date
}

export interface OutcomeReports {
  add(credentialId: string, outcome: Outcome, nowMs: number): void
  start(): void
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
  let waiting: Report[] = []
  const lastKind = new Map<string, Outcome['kind']>()
  let stopTimer: (() => void) | undefined
  let flight: Promise<void> | undefined

  const send = async () => {
    const outcomes = waiting.slice(0, BATCH_MAX)
    waiting = waiting.slice(BATCH_MAX)
    lastKind.clear()
    try {
      await scheduler.reportOutcomes({ outcomes })
    } catch (err) {
      log.warn({ err, outcomes: outcomes.length }, 'outcomes were not reported')
      waiting = [...outcomes, ...waiting].slice(-WAITING_MAX)
    }
  }
  const flush = () => {
    if (waiting.length === 0) return flight
    return (flight ??= send().finally(() => (flight = undefined)))
  }

  return {
    add(credentialId, outcome, nowMs) {
      if (outcome.kind === 'aborted') return
      // A success with a model lifts a restriction at the scheduler, so it is always reported.
      const isPlain = outcome.kind === 'ok' && outcome.model === undefined
      if (isPlain && lastKind.get(credentialId) === 'ok') return
      lastKind.set(credentialId, outcome.kind)
      if (waiting.length >= WAITING_MAX) waiting.shift()
      waiting.push({ credentialId, outcome, at: new Date(nowMs) })
    },
    start: () => void (stopTimer = clock.every(FLUSH_MS, () => void flush())),
    async stop() {
      stopTimer?.()
      await flight
      await flush()
    },
  }
}
