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

/** The metrics of the scheduler. */
export function schedulerCounters(metrics: Metrics) {
  return {
    requested: metrics.counter({
      name: 'sluice_scheduler_leases_requested_total',
      help: 'Requested leases, by outcome. `abandoned` ones were released because the caller had gone.',
      labels: { outcome: ['granted', 'busy', 'none', 'abandoned'] },
    }),
    ended: metrics.counter({
      name: 'sluice_scheduler_leases_ended_total',
      help: 'Ended leases, by outcome. `expired` ones were not renewed by their holder.',
      labels: { outcome: [...outcomeKinds, 'expired'] },
    }),
    reported: metrics.counter({
      name: 'sluice_scheduler_outcomes_reported_total',
      help: 'Uses of shared credentials that edges reported, by outcome.',
      labels: { outcome: outcomeKinds },
    }),
    health: metrics.counter({
      name: 'sluice_scheduler_health_changes_total',
      help: 'Changes of credential health: cooldown, open circuit, attention, recovery, restriction.',
      labels: { change: ['resting', 'tripped', 'attention', 'back', 'limited', 'denied'] },
    }),
  }
}
