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
  circuitOpens,
  imageAnswersClassified,
  missingScopeKeepsChat,
} from './control/image-answers.ts'
import { killedWhileGenerating } from './control/killed-pictures.ts'
import { paginationScenario } from './control/list-pictures.ts'
import { generatedFromReferences } from './control/reference-pictures.ts'
import { refusedPictures } from './control/refused-pictures.ts'
import { requestedTwentyTimes } from './control/repeat-pictures.ts'
import { switchedByCommand } from './control/switched-channels.ts'
import { failuresAttributed } from './control/failure-attribution.ts'
import { checkLedger } from './harness/check-ledger.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'the session cookie is bound to its host and hidden from scripts': hostCookie,
  'a change requested by another site is refused': crossSiteChange,
  'content types that a form can send are not parsed as JSON': formTypes,
  'a login from another site is refused': crossSiteLogin,
  'no answer of /api may be read by another site': noCors,
  'sessions open /api only, API keys /v1 only': originsApart,
  'a ban stops sessions and keys at every gateway': banStops,
  'a key spends at most its daily quota, from allowed addresses only': keyLimitsHold,
  'a refused prompt, a limited model and a missing scope leave keys active': failuresAttributed,
  'a refused picture has the upstream’s param and code, is one call and costs nothing':
    imageAnswersClassified,
  'keys without the image scope are still used for chat': missingScopeKeepsChat,
  'five unusable answers open a key’s circuit, and after its cooldown it is used again':
    circuitOpens,
  'amounts are credits, as numbers or strings, and are returned in both forms': amountsInCredits,
  'every charge adds up, to the last micro-credit': chargesAddUp,
  'the admin overview streams live counters': countersAreLive,
  'pictures: generated at one gateway and followed at the other, to the charge':
    generatedAndFollowed,
  'pictures: twenty equal requests are one job and one charge': requestedTwentyTimes,
  'pictures: generated from references, and retried with the same': generatedFromReferences,
  'pictures: cancelled while queued at another gateway, without a charge': cancelledInLine,
  'pictures: a list paginated while more are added has each once': paginationScenario,
  'pictures: of a user banned during generation are stored and paid once': bannedWhileGenerating,
  'pictures: a refused request has no hold and stores nothing': refusedPictures,
  'pictures: of a killed process are generated and paid once': killedWhileGenerating,
  'a channel that a command disables or enables is so at every gateway': switchedByCommand,
}

const asAdmin = { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
/** A dead runner is detected early. */
const shortTimeouts = { RUNNER_LOST_AFTER_MS: '2000', RUNNER_HEARTBEAT_MS: '500' }
/** Only events report changes of channels: polling is too slow. */
const eventsOnly = { CATALOG_MAX_AGE_MS: '3600000' }
let simulator: OpenAiSimulator
beforeAll(async () => {
  simulator = await startOpenAiSimulator()
})
afterAll(() => simulator.close())

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let running: Running

  beforeAll(async () => {
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { ...asAdmin, ...shortTimeouts, ...eventsOnly }
    running = await wiring.start({ upstreamUrl, upstreamKey, env })
  })
  afterAll(() => running?.stop())

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })

  test('pictures: after all scenarios the ledger balances and verifies', async () => {
    expect(await checkLedger({ running })).toEqual([])
  })
})

describe('over plain HTTP with a host name', () => {
  let running: Running

  beforeAll(async () => {
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { ...asAdmin, PUBLIC_BASE_URL: 'http://sluice.lan.test:8080' }
    running = await embedded.start({ upstreamUrl, upstreamKey, env })
  })
  afterAll(() => running?.stop())

  test.each([['the cookie works, and the log warns about the missing HTTPS', plainCookie]])(
    '%s',
    (_name, scenario) => scenario({ running, simulator }),
  )
})
