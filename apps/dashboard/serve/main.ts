import { systemClock } from '@sluice/kernel/clock'
import { healthRoutes } from '@sluice/service-kit/http/health'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'

import { checkGateway } from './check-gateway.ts'
import { panelEnvironment } from './config.ts'
import { createPanel } from './create-panel.ts'
import { createGateways } from './gateways.ts'
import { findPanelBuild, loadPanelBuild } from './panel-build.ts'
import { panelHandler } from './panel-handler.ts'

// DISTRIBUTED WIRING: behind edge-api, which forwards all non-API requests to it. Any number of replicas.
const env = readConfig(panelEnvironment)
const clock = systemClock
const log = createLog({ name: 'dashboard', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'dashboard', processMetrics: true })
const lifecycle = createLifecycle({
  log,
  clock,
  drainMs: env.DRAIN_MS,
  shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
})
const gateway = checkGateway({ apiUrls: env.API_URL })
const gateways = createGateways(env.API_URL, { clock })
let server: HttpServer | undefined

lifecycle.add({
  name: 'http',
  start: async () => {
    const found = await findPanelBuild(env.PANEL_DIR)
    if (found === undefined) throw new Error(`${env.PANEL_DIR} has no build: pnpm build:panel`)
    const panel = createPanel({
      build: await loadPanelBuild(found),
      gateways,
      publicBaseUrl: env.PUBLIC_BASE_URL,
      log,
    })
    const health = healthRoutes({
      checks: { gateway },
      metrics,
      clock,
      stopping: () => lifecycle.stopping(),
    })
    const app = panelHandler({ panel, health })
    server = await serveHttp({ app, port: env.PORT, host: env.HOST, log, clock })
    log.info({ url: server.url }, 'listening')
  },
  announceStop: () => server?.announceClose(),
  stop: async (limit) => server?.close(limit),
})
await runUntilSignal({ lifecycle, log })
