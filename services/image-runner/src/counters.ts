import type { CounterMetric, HistogramMetric, Metrics } from '@sluice/service-kit/metrics'
import type { FailureClass } from '@sluice/upstreams/upstream'

const generationOutcomes = ['generated', 'failed', 'stopped'] as const
const jobEnds = ['done', 'failed', 'cancelled'] as const
const claimLosses = ['reaped', 'deadline', 'given-back', 'lost'] as const
const failureClasses = [
  'retry-here',
  'retry-elsewhere',
  'credential-limited',
  'credential-bad',
  'caller-bad',
  'fatal',
] as const satisfies readonly FailureClass[]

export interface RunnerCounters {
  generations: CounterMetric<{ outcome: typeof generationOutcomes }>
  generateSeconds: HistogramMetric<Record<never, never>>
  failures: CounterMetric<{ class: typeof failureClasses }>
  jobs: CounterMetric<{ state: typeof jobEnds }>
  claims: CounterMetric<{ end: typeof claimLosses }>
  unconfirmedCharges: CounterMetric<Record<never, never>>
  adopted: CounterMetric<Record<never, never>>
  unpublished: CounterMetric<Record<never, never>>
  swept: CounterMetric<Record<never, never>>
}

export function runnerCounters(metrics: Metrics): RunnerCounters {
  const count = (name: string, help: string) => metrics.counter({ name, help, labels: {} })
  return {
    generations: metrics.counter({
      name: 'sluice_runner_generations_total',
      help: 'Generated parts of jobs, by outcome.',
      labels: { outcome: generationOutcomes },
    }),
    generateSeconds: metrics.histogram({
      name: 'sluice_runner_generation_seconds',
      help: 'Time from the start of a part to its picture, including failovers.',
      labels: {},
      buckets: [0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320],
    }),
    failures: metrics.counter({
      name: 'sluice_runner_upstream_failures_total',
      help: 'Failed upstream calls, by failure class.',
      labels: { class: failureClasses },
    }),
    jobs: metrics.counter({
      name: 'sluice_runner_jobs_total',
      help: 'Jobs that ended in this runner.',
      labels: { state: jobEnds },
    }),
    claims: metrics.counter({
      name: 'sluice_runner_claims_lost_total',
      help: 'Claims that ended before their job did.',
      labels: { end: claimLosses },
    }),
    unconfirmedCharges: count(
      'sluice_runner_unconfirmed_charges_total',
      'Calls that an upstream may have charged for, but whose picture was not received.',
    ),
    adopted: count(
      'sluice_runner_adopted_total',
      'Pictures that an earlier runner had stored, adopted without generating them again.',
    ),
    unpublished: count('sluice_runner_unpublished_total', 'Messages that could not be published.'),
    swept: count('sluice_runner_swept_blobs_total', 'Blobs that were removed.'),
  }
}
