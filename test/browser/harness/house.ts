import type { Running } from '@sluice/e2e/harness/running'
import { embedded } from '@sluice/e2e/wirings/embedded'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

import type { Painter } from './painter.ts'
import { startPainter } from './painter.ts'

export const ADMIN = { email: 'ada@sluice.test', password: 'a long pass phrase for ada' }

/** A whole Sluice with its panel, in front of the sandbox and of a simulator of OpenAI. */
export interface House extends Running {
  simulator: OpenAiSimulator
  /** Between the gateway and the simulator; holds the pictures that a story wants to watch. */
  painter: Painter
}

/** Starts the real standalone, as `npm start` does. `env` adds to its settings. */
export function startHouse(env: Record<string, string> = {}): Promise<House> {
  return startNewHouse({ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, ...env })
}

/** Starts it with nobody's wishes: the admin is made by the first start, which prints the password. */
export async function startNewHouse(env: Record<string, string> = {}): Promise<House> {
  const simulator = await startOpenAiSimulator()
  const painter = await startPainter(simulator)
  const close = async () => {
    await painter.close()
    await simulator.close()
  }
  try {
    const running = await embedded.start({
      upstreamUrl: painter.url,
      upstreamKey: simulator.key,
      env,
    })
    const stop = async () => {
      await running.stop()
      await close()
    }
    return { ...running, simulator, painter, stop }
  } catch (error) {
    await close()
    throw error
  }
}
