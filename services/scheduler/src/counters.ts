import type { Outcome } from '@sluice/contracts/scheduler.contract'
import type { Metrics } from '@sluice/service-kit/metrics'

export type SchedulerCounters = ReturnType<typeof schedulerCounters>

const outcomeKinds = [
  'ok',
  'limited',
  'unauthorised',
  'refused',
  'denied',
  'failed',
  'aborted',
] as const satisfies readonly Outcome['kind'][]

/** What the scheduler counts. */
export function schedulerCounters(metrics: Metrics) {
  return {
    asked: metrics.counter({
      name: 'sluice_scheduler_leases_asked_total',
      help: 'Leases asked for, by answer. `abandoned` ones were taken, but nobody waited any more.',
      labels: { outcome: ['granted', 'busy', 'none', 'abandoned'] },
    }),
    ended: metrics.counter({
      name: 'sluice_scheduler_leases_ended_total',
      help: 'Leases that ended, by what became of them. `expired` ones lost their holder.',
      labels: { outcome: [...outcomeKinds, 'expired'] },
    }),
    reported: metrics.counter({
      name: 'sluice_scheduler_outcomes_reported_total',
      help: 'Uses of shared credentials, as edges report them.',
      labels: { outcome: outcomeKinds },
    }),
    health: metrics.counter({
      name: 'sluice_scheduler_health_changes_total',
      help: 'Credentials that began to rest, tripped, came back, need a person, or cannot do one thing now.',
      labels: { change: ['resting', 'tripped', 'attention', 'back', 'limited', 'denied'] },
    }),
  }
}
