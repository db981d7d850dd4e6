import { healthRoutes } from '@sluice/service-kit/http/health'
import type { Clock } from '@sluice/kernel/clock'

import type { Embedded } from './wire-embedded.ts'

/** Everything behind one port: health, signed pictures, and the API for the rest. */
export function frontDoor(embedded: Embedded, { clock }: { clock: Clock }) {
  const { billing, scheduler, imageRunner, imgproxy, edgeApi, metrics } = embedded
  const health = healthRoutes({
    checks: prefixed({ billing, scheduler, imageRunner, imgproxy, edgeApi }),
    metrics,
    clock,
  })
  const healthPaths = new Set(['/health', '/ready', '/metrics'])
  return {
    // Chosen by hand, not by a router above the routers: the API's path is the one that must be short.
    fetch: (request: Request, env: Parameters<typeof edgeApi.app.fetch>[1]) => {
      const path = pathOf(request.url)
      if (path.startsWith('/p/')) return imgproxy.app.fetch(request, env)
      if (healthPaths.has(path)) return health.fetch(request, env)
      return edgeApi.app.fetch(request, env)
    },
  }
}

// `http://host/path?query`, as node-server writes it; a URL object costs more than the route.
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('?', start)
  return end === -1 ? url.slice(start) : url.slice(start, end)
}

type Checks = Parameters<typeof healthRoutes>[0]['checks']

/** `/ready` names the module and what it misses: `billing.database`. */
function prefixed(modules: Record<string, { checks: Checks }>): Checks {
  const named = Object.entries(modules).flatMap(([module, { checks }]) =>
    Object.entries(checks).map(([name, check]) => [`${module}.${name}`, check] as const),
  )
  return Object.fromEntries(named)
}
