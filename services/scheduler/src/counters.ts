import type { Metrics } from '@sluice/service-kit/metrics'

export type SchedulerCounters = ReturnType<typeof schedulerCounters>

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
      labels: { outcome: ['ok', 'limited', 'unauthorised', 'failed', 'aborted', 'expired'] },
    }),
    reported: metrics.counter({
      name: 'sluice_scheduler_outcomes_reported_total',
      help: 'Uses of shared credentials, as edges report them.',
      labels: { outcome: ['ok', 'limited', 'unauthorised', 'failed', 'aborted'] },
    }),
    health: metrics.counter({
      name: 'sluice_scheduler_health_changes_total',
      help: 'Credentials that began to rest, tripped, came back, or need a person.',
      labels: { change: ['resting', 'tripped', 'attention', 'back'] },
    }),
  }
}
