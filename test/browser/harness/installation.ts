import type { Running } from '@sluice/e2e/harness/running'
import { embedded } from '@sluice/e2e/wirings/embedded'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

import type { TestUpstream } from './test-upstream.ts'
import { startTestUpstream } from './test-upstream.ts'

export const ADMIN = { email: 'ada@sluice.test', password: 'a long pass phrase for ada' }

/** A complete installation with its panel, connected to the sandbox and to an OpenAI simulator. */
export interface Installation extends Running {
  simulator: OpenAiSimulator
  /** A proxy between the gateway and the simulator that can hold pictures. */
  testUpstream: TestUpstream
}

/** Starts the standalone app like `npm start`; `env` adds to its environment. */
export function startInstallation(env: Record<string, string> = {}): Promise<Installation> {
  return startNewInstallation({ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, ...env })
}

/** Starts it without settings: the first start creates the admin and prints the password. */
export async function startNewInstallation(
  env: Record<string, string> = {},
): Promise<Installation> {
  const simulator = await startOpenAiSimulator()
  const testUpstream = await startTestUpstream(simulator)
  const close = async () => {
    await testUpstream.close()
    await simulator.close()
  }
  try {
    const running = await embedded.start({
      upstreamUrl: testUpstream.url,
      upstreamKey: simulator.key,
      env,
    })
    const stop = async () => {
      await running.stop()
      await close()
    }
    return { ...running, simulator, testUpstream, stop }
  } catch (error) {
    await close()
    throw error
  }
}
