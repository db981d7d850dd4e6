import type { ControlOperation } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'
import type { Metrics } from '@sluice/service-kit/metrics'

const classes = ['2xx', '3xx', '4xx', '5xx'] as const

/** Counts a request once its response has started. `status` is the HTTP status. */
export type CountRequest = (operation: ControlOperation, status: number) => void

/** Counts control API requests by operation and class of status, including rejected ones. */
export function countRequests(metrics: Metrics): CountRequest {
  const requests = metrics.counter({
    name: 'sluice_edge_control_requests_total',
    help: 'Requests of the control API, by operation and class of status.',
    labels: { operation: Object.keys(controlRoutes) as ControlOperation[], status: classes },
  })
  return (operation, status) => {
    const named = classes.find((name) => name.startsWith(String(Math.floor(status / 100))))
    requests.add({ operation, status: named ?? '5xx' })
  }
}
