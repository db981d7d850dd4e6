import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from './auth-matrix/world.ts'
import { banStops } from './control/ban.ts'
import { chargesAddUp, countersAreLive } from './control/charges.ts'
import { hostCookie, plainCookie } from './control/cookies.ts'
import {
  crossSiteChange,
  crossSiteLogin,
  doorsApart,
  formTypes,
  noCors,
} from './control/cross-site.ts'
import { keyLimitsHold } from './control/key-limits.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'the session cookie is bound to its host and hidden from scripts': hostCookie,
  'a change that another site asked for is refused': crossSiteChange,
  'what a form can send is not read as JSON': formTypes,
  'another site cannot sign anybody in': crossSiteLogin,
  'no answer of /api may be read by another site': noCors,
  'sessions open /api only, API keys /v1 only': doorsApart,
  'a ban stops sessions and keys at every door': banStops,
  'a key spends what its day allows, and works where it may': keyLimitsHold,
  'every charge adds up, to the last micro-credit': chargesAddUp,
  'who watches the system sees it live': countersAreLive,
}

const asAdmin = { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
let simulator: OpenAiSimulator
beforeAll(async () => {
  simulator = await startOpenAiSimulator()
})
afterAll(() => simulator.close())

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let running: Running

  beforeAll(async () => {
    const { url: upstreamUrl, key: upstreamKey } = simulator
    running = await wiring.start({ upstreamUrl, upstreamKey, env: asAdmin })
  })
  afterAll(() => running?.stop())

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })
})

describe('reached over plain HTTP by a name of the network', () => {
  let running: Running

  beforeAll(async () => {
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { ...asAdmin, PUBLIC_BASE_URL: 'http://sluice.lan.test:8080' }
    running = await embedded.start({ upstreamUrl, upstreamKey, env })
  })
  afterAll(() => running?.stop())

  test.each([['the cookie works there, and the log says what is missing', plainCookie]])(
    '%s',
    (_name, scenario) => scenario({ running, simulator }),
  )
})
