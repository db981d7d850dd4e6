import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type { startServers as StartServers } from '../measure/servers.ts'
import type { distributed as Distributed } from '@sluice/e2e/wirings/distributed'
import type { Target } from '../measure/target.ts'
import { benchInstallation, limitedKey } from './installation.ts'

export const OTHER_CHECKOUT = 'Sluice edge-api, the other checkout'

/**
 * Starts the edge-api of another checkout of this repository, with its own servers, by that checkout's
 * harness. `folder` is absolute or relative to the current directory.
 */
export async function startCheckout(folder: string, upstreamPort: number): Promise<Target> {
  const load = (path: string): Promise<unknown> => import(pathToFileURL(join(folder, path)).href)
  const { startServers } = (await load('bench/measure/servers.ts')) as {
    startServers: typeof StartServers
  }
  const { distributed } = (await load('test/e2e/wirings/distributed.ts')) as {
    distributed: typeof Distributed
  }
  const servers = await startServers()
  const running = await distributed.start(benchInstallation(upstreamPort))
  await running.sluice('channel', 'models', 'openai', 'gpt-4o-mini:chat')
  return {
    name: OTHER_CHECKOUT,
    port: Number(new URL(running.baseUrl).port),
    pid: running.pidOf('edge-api'),
    headers: { authorization: `Bearer ${await limitedKey(running.sluice)}` },
    stop: async () => {
      await running.stop()
      await servers.stop()
    },
  }
}
