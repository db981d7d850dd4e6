import type { ErrorCode } from '@sluice/kernel/error-codes'
import { errorCodes } from '@sluice/kernel/error-codes'
import type { Clock } from '@sluice/kernel/clock'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { RequestRecord } from '../http/request.ts'

const FLUSH_MS = 1_000
const routes = [
  '/v1/chat/completions',
  '/v1/images/generations',
  '/v1/images/edits',
  '/v1/images/tasks',
] as const

export interface EdgeMetrics {
  count(record: RequestRecord): void
  start(): void
  stop(): void
}

/**
 * Counts requests, upstream attempts and durations. Counters are aggregated and flushed once a second,
 * because resolving labels for each request is expensive.
 */
export function edgeMetrics(metrics: Metrics, clock: Clock): EdgeMetrics {
  const requests = metrics.counter({
    name: 'sluice_edge_requests_total',
    help: 'Requests received, by outcome: ok, or an error code.',
    labels: { route: routes, outcome: ['ok', ...(Object.keys(errorCodes) as ErrorCode[])] },
  })
  const attempts = metrics.counter({
    name: 'sluice_edge_upstream_attempts_total',
    help: 'Calls to upstreams, retries included.',
    labels: { route: routes },
  })
  const duration = metrics.histogram({
    name: 'sluice_edge_request_duration_seconds',
    help: 'Time from the head of a request to the last byte of its response.',
    labels: { route: routes },
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  })
  let tally = new Map<string, Tally>()
  let stopTimer: (() => void) | undefined

  const flush = () => {
    const counted = tally
    tally = new Map()
    for (const { route, outcome, count, tried } of counted.values()) {
      requests.add({ route, outcome } as { route: KnownRoute; outcome: 'ok' | ErrorCode }, count)
      attempts.add({ route: route as KnownRoute }, tried)
    }
  }

  return {
    count({ route, errorCode, attempts: tried, durationMs }) {
      const outcome = errorCode ?? 'ok'
      const name = `${route} ${outcome}`
      const known = tally.get(name)
      if (known) {
        known.count += 1
        known.tried += tried
      } else tally.set(name, { route, outcome, count: 1, tried })
      duration.observe({ route: route as KnownRoute }, durationMs / 1_000)
    },
    start: () => void (stopTimer = clock.every(FLUSH_MS, flush)),
    stop() {
      stopTimer?.()
      flush()
    },
  }
}

type KnownRoute = (typeof routes)[number]

interface Tally {
  route: string
  outcome: string
  count: number
  tried: number
}
