import { startService } from '@sluice/service-kit/start-service'

import { checkGateway } from './check-gateway.ts'
import { panelEnvironment } from './config.ts'
import { createPanel } from './create-panel.ts'
import { createGateways } from './gateways.ts'
import { findPanelBuild, loadPanelBuild } from './panel-build.ts'
import { panelHandler } from './panel-handler.ts'

// DISTRIBUTED WIRING: behind edge-api, which forwards all non-API requests to it. Any number of replicas.
await startService({
  name: 'dashboard',
  environment: panelEnvironment,
  wire: async ({ env, clock, log }) => {
    const found = await findPanelBuild(env.PANEL_DIR)
    if (found === undefined) throw new Error(`${env.PANEL_DIR} has no build: pnpm build:panel`)
    const panel = createPanel({
      build: await loadPanelBuild(found),
      gateways: createGateways(env.API_URL, { clock }),
      publicBaseUrl: env.PUBLIC_BASE_URL,
      log,
    })
    return {
      checks: { gateway: checkGateway({ apiUrls: env.API_URL }) },
      parts: [],
      app: (health) => panelHandler({ panel, health }),
    }
  },
})
