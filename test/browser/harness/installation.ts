import type { Running } from '@sluice/e2e/harness/running'
import { embedded } from '@sluice/e2e/wirings/embedded'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

import type { TestUpstream } from './test-upstream.ts'
import { startTestUpstream } from './test-upstream.ts'

export const ADMIN = { email: 'ada@sluice.test', password: 'a long pass phrase for ada' }

/** A whole Sluice with its panel, in front of the sandbox and of a simulator of OpenAI. */
export interface Installation extends Running {
  simulator: OpenAiSimulator
  /** Between the gateway and the simulator; holds the pictures that a story wants to watch. */
  testUpstream: TestUpstream
}

/** Starts the real standalone, as `npm start` does. `env` adds to its settings. */
export function startInstallation(env: Record<string, string> = {}): Promise<Installation> {
  return startNewInstallation({ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, ...env })
}

/** Starts it with nobody's wishes: the admin is made by the first start, which prints the password. */
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
