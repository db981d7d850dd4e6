import { fileURLToPath } from 'node:url'

import { absentPanel } from '@sluice/dashboard/serve/absent-panel'
import { createPanel } from '@sluice/dashboard/serve/create-panel'
import type { Panel, PanelDeps } from '@sluice/dashboard/serve/create-panel'
import { findPanelBuild, loadPanelBuild } from '@sluice/dashboard/serve/panel-build'
import type { Log } from '@sluice/kernel/log'

/** Where builds of the panel lie, each in a folder of its own. */
export const PANEL_BUILDS = fileURLToPath(new URL('../../../../dist/panel', import.meta.url))

/**
 * The panel as it was built last. Where there is none, or it does not load, the gateway starts without
 * it and says so: callers of the API must not wait for a page.
 */
export async function openPanel(
  { log }: { log: Log },
  spec: Pick<PanelDeps, 'gateways' | 'publicBaseUrl'>,
  folder: string = PANEL_BUILDS,
): Promise<Panel> {
  const found = await findPanelBuild(folder)
  if (found === undefined) {
    log.warn('there is no panel: build it with `pnpm build:panel`, and start again')
    return absentPanel()
  }
  try {
    return createPanel({ build: await loadPanelBuild(found), log, ...spec })
  } catch (err) {
    log.error({ err, found }, 'the panel does not load; the gateway goes on without it')
    return absentPanel()
  }
}
