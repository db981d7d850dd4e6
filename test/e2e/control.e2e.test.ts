import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from './auth-matrix/fixture.ts'
import { amountsInCredits } from './control/amounts.ts'
import { banStops } from './control/ban.ts'
import { bannedWhileGenerating } from './control/banned-pictures.ts'
import { cancelledInLine } from './control/cancel-pictures.ts'
import { chargesAddUp, countersAreLive } from './control/charges.ts'
import { hostCookie, plainCookie } from './control/cookies.ts'
import {
  crossSiteChange,
  crossSiteLogin,
  originsApart,
  formTypes,
  noCors,
} from './control/cross-site.ts'
import { generatedAndFollowed } from './control/generate-pictures.ts'
import { keyLimitsHold } from './control/key-limits.ts'
import {
  imageAnswersJudged,
  missingScopeStays,
  unusableAnswersRest,
} from './control/image-answers.ts'
import { killedWhileGenerating } from './control/killed-pictures.ts'
import { paginationScenario } from './control/list-pictures.ts'
import { generatedFromReferences } from './control/reference-pictures.ts'
import { refusedPictures } from './control/refused-pictures.ts'
import { requestedTwentyTimes } from './control/repeat-pictures.ts'
import { switchedByCommand } from './control/switched-channels.ts'
import { blamedFairly } from './control/who-is-to-blame.ts'
import { checkBooks } from './harness/check-books.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'the session cookie is bound to its host and hidden from scripts': hostCookie,
  'a change that another site asked for is refused': crossSiteChange,
  'what a form can send is not read as JSON': formTypes,
  'another site cannot sign anybody in': crossSiteLogin,
  'no answer of /api may be read by another site': noCors,
  'sessions open /api only, API keys /v1 only': originsApart,
  'a ban stops sessions and keys at every door': banStops,
  'a key spends what its day allows, and works where it may': keyLimitsHold,
  'a refused prompt, a limited model and a missing scope leave keys in use': blamedFairly,
  'a refusal of a picture keeps its param and code, asks once and costs nothing':
    imageAnswersJudged,
  'keys that may not draw still chat': missingScopeStays,
  'five answers that nobody can read rest a key, which then draws again': unusableAnswersRest,
  'amounts are credits, as numbers or text, and come back in both forms': amountsInCredits,
  'every charge adds up, to the last micro-credit': chargesAddUp,
  'who watches the system sees it live': countersAreLive,
  'pictures: drawn at one door and followed at the other, to the charge': generatedAndFollowed,
  'pictures: twenty equal wishes are one job and one charge': requestedTwentyTimes,
  'pictures: drawn from references, and once more from the same': generatedFromReferences,
  'pictures: cancelled in line at another door, for nothing': cancelledInLine,
  'pictures: a list leafed through while more arrive has each once': paginationScenario,
  'pictures: whose person is banned in mid-drawing is kept and paid once': bannedWhileGenerating,
  'pictures: what is refused holds nothing and leaves nothing': refusedPictures,
  'pictures: what is struck down in mid-drawing is drawn and paid once': killedWhileGenerating,
  'a channel that a command switches off or on is so at every edge': switchedByCommand,
}

const asAdmin = { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
/** A dead runner is found out soon. */
const quickly = { RUNNER_LOST_AFTER_MS: '2000', RUNNER_HEARTBEAT_MS: '500' }
/** So that only what is announced can bring news of channels. */
const announcedOnly = { CATALOG_MAX_AGE_MS: '3600000' }
let simulator: OpenAiSimulator
beforeAll(async () => {
  simulator = await startOpenAiSimulator()
})
afterAll(() => simulator.close())

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let running: Running

  beforeAll(async () => {
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { ...asAdmin, ...quickly, ...announcedOnly }
    running = await wiring.start({ upstreamUrl, upstreamKey, env })
  })
  afterAll(() => running?.stop())

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })

  test('pictures: after all of it the books balance and verify', async () => {
    expect(await checkBooks({ running })).toEqual([])
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
