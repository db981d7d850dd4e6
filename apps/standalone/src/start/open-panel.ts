import { fileURLToPath } from 'node:url'

import { absentPanel } from '@sluice/dashboard/serve/absent-panel'
import { createPanel } from '@sluice/dashboard/serve/create-panel'
import type { Panel, PanelDeps } from '@sluice/dashboard/serve/create-panel'
import { findPanelBuild, loadPanelBuild } from '@sluice/dashboard/serve/panel-build'
import type { Log } from '@sluice/kernel/log'

/** The folder of panel builds, one subfolder per build. */
export const PANEL_BUILDS = fileURLToPath(new URL('../../../../dist/panel', import.meta.url))

/**
 * Loads the latest panel build. If there is none, or it fails to load, this is logged and the gateway starts
 * without a panel: the API does not depend on it.
 */
export async function openPanel(
  { log }: { log: Log },
  spec: Pick<PanelDeps, 'gateways' | 'publicBaseUrl'>,
  folder: string = PANEL_BUILDS,
): Promise<Panel> {
  const found = await findPanelBuild(folder)
  if (found === undefined) {
    log.warn('no panel build found: run `pnpm build:panel` and restart')
    return absentPanel()
  }
  try {
    return createPanel({ build: await loadPanelBuild(found), log, ...spec })
  } catch (err) {
    log.error({ err, found }, 'loading the panel build failed; the gateway runs without a panel')
    return absentPanel()
  }
}
