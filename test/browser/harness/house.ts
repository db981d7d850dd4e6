import type { Running } from '@sluice/e2e/harness/running'
import { embedded } from '@sluice/e2e/wirings/embedded'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

export const ADMIN = { email: 'ada@sluice.test', password: 'a long pass phrase for ada' }

/** A whole Sluice with its panel, in front of the sandbox and of a simulator of OpenAI. */
export interface House extends Running {
  simulator: OpenAiSimulator
}

/** Starts the real standalone, as `npm start` does. `env` adds to its settings. */
export async function startHouse(env: Record<string, string> = {}): Promise<House> {
  const simulator = await startOpenAiSimulator()
  try {
    const running = await embedded.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      env: { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, ...env },
    })
    const stop = async () => {
      await running.stop()
      await simulator.close()
    }
    return { ...running, simulator, stop }
  } catch (error) {
    await simulator.close()
    throw error
  }
}
