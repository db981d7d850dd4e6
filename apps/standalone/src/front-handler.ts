import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Panel } from '@sluice/dashboard/serve/create-panel'
import type { EdgeApi } from '@sluice/edge-api/module'
import type { Imgproxy } from '@sluice/imgproxy/module'
import type { Clock } from '@sluice/kernel/clock'
import type { AllowedOrigins } from '@sluice/service-kit/http/cors'
import { createCors } from '@sluice/service-kit/http/cors'
import type { HealthCheck } from '@sluice/service-kit/http/health'
import { healthRoutes } from '@sluice/service-kit/http/health'
import type { Metrics } from '@sluice/service-kit/metrics'

type Checks = Record<string, HealthCheck>

/** The modules, as far as they show at the port. */
export interface FrontModules {
  edgeApi: Pick<EdgeApi, 'app' | 'checks' | 'stampCaller' | 'isApiCall' | 'answerForm'>
  imgproxy: Pick<Imgproxy, 'app' | 'checks'>
  billing: { checks: Checks }
  scheduler: { checks: Checks }
  imageRunner: { checks: Checks }
  /** Of what the modules share. */
  checks: Checks
  metrics: Metrics
  panel: Panel
  /** Whose pages may read pictures; the API has the same setting of its own. */
  allowedOrigins: AllowedOrigins
  /** Whether the process was asked to stop. */
  stopping: () => boolean
}

/** Everything behind one port: the API, signed pictures, health, and the panel for the rest. */
export function frontHandler(frontModules: FrontModules, { clock }: { clock: Clock }) {
  const { billing, scheduler, imageRunner, imgproxy, edgeApi, metrics, panel, stopping } =
    frontModules
  const health = healthRoutes({
    checks: {
      ...frontModules.checks,
      ...prefixed({ billing, scheduler, imageRunner, imgproxy, edgeApi }),
    },
    metrics,
    stopping,
    clock,
  })
  const cors = createCors({ allowedOrigins: frontModules.allowedOrigins })
  const healthPaths = new Set(['/health', '/ready', '/metrics'])
  return {
    // Chosen by hand, not by a router above the routers: the API's path is the one that must be short.
    fetch: (request: Request, env: Parameters<typeof edgeApi.app.fetch>[1]) => {
      const path = pathOf(request.url)
      if (isOfApi(path)) return edgeApi.app.fetch(request, env)
      const { incoming, outgoing } = endsOf(env)
      if (path.startsWith('/p/'))
        return cors(incoming, outgoing) ?? imgproxy.app.fetch(request, env)
      if (healthPaths.has(path)) return health.fetch(request, env)
      if (edgeApi.isApiCall(incoming, path)) return edgeApi.app.fetch(request, env)
      const callerStamp = edgeApi.stampCaller(incoming)
      return edgeApi.answerForm({ incoming, outgoing }, path, (form) =>
        panel.fetch(request, { incoming, callerStamp, form }),
      )
    },
  }
}

// node-server gives every request the two ends of its connection.
const endsOf = (env: unknown) => env as { incoming: IncomingMessage; outgoing: ServerResponse }

function isOfApi(path: string): boolean {
  return path.startsWith('/v1/') || path.startsWith('/api/') || path === '/v1' || path === '/api'
}

// `http://host/path?query`, as node-server writes it; a URL object costs more than the route.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('?', start)
  return end === -1 ? url.slice(start) : url.slice(start, end)
}

/** `/ready` names the module and what it misses: `billing.database`. */
function prefixed(modules: Record<string, { checks: Checks }>): Checks {
  const named = Object.entries(modules).flatMap(([module, { checks }]) =>
    Object.entries(checks).map(([name, check]) => [`${module}.${name}`, check] as const),
  )
  return Object.fromEntries(named)
}
