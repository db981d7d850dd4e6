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

/** The parts of the modules that the HTTP server uses. */
export interface FrontModules {
  edgeApi: Pick<EdgeApi, 'app' | 'checks' | 'stampCaller' | 'isApiCall' | 'answerForm'>
  imgproxy: Pick<Imgproxy, 'app' | 'checks'>
  billing: { checks: Checks }
  scheduler: { checks: Checks }
  imageRunner: { checks: Checks }
  /** Checks of what the modules share. */
  checks: Checks
  metrics: Metrics
  panel: Panel
  /** CORS origins for pictures; the API reads the same setting itself. */
  allowedOrigins: AllowedOrigins
  /** Whether a shutdown was requested. */
  stopping: () => boolean
}

/** Routes one port: the API, signed pictures, health, and the panel for every other path. */
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
    // No router in front of the routers: API requests take the shortest code path.
    fetch: (request: Request, env: Parameters<typeof edgeApi.app.fetch>[1]) => {
      const path = pathOf(request.url)
      if (isOfApi(path)) return edgeApi.app.fetch(request, env)
      const { incoming, outgoing } = nodeMessagesOf(env)
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

// node-server passes Node's request and response in the environment.
const nodeMessagesOf = (env: unknown) =>
  env as { incoming: IncomingMessage; outgoing: ServerResponse }

function isOfApi(path: string): boolean {
  return path.startsWith('/v1/') || path.startsWith('/api/') || path === '/v1' || path === '/api'
}

// `http://host/path?query`, as node-server writes it; parsing a URL object costs more than the routing.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('?', start)
  return end === -1 ? url.slice(start) : url.slice(start, end)
}

/** Check names with the module in front, for `/ready`: `billing.database`. */
function prefixed(modules: Record<string, { checks: Checks }>): Checks {
  const named = Object.entries(modules).flatMap(([module, { checks }]) =>
    Object.entries(checks).map(([name, check]) => [`${module}.${name}`, check] as const),
  )
  return Object.fromEntries(named)
}
