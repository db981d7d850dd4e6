import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from './auth-matrix/fixture.ts'
import type { Running } from './harness/running.ts'
import { storesSecrets } from './panel/stores-secrets.ts'
import {
  crossSiteForm,
  freshNonces,
  guessesCounted,
  missingPage,
  signInByForm,
  staticFiles,
  strangersForms,
} from './panel/pages.ts'
import { unfinishedEdits, unfinishedForms } from './panel/unfinished-forms.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'a person signs in by the form, and gets pages that are theirs alone': signInByForm,
  'no two pages share a nonce': freshNonces,
  'files of the panel travel small and are kept for good': staticFiles,
  'an address that is none gets a page that says so': missingPage,
  'a form that another site sends does nothing': crossSiteForm,
  'forms of strangers are not even read': strangersForms,
  'forms that stop on the way hold a share of their sender only': unfinishedForms,
  'of edits without credits nothing is stored': unfinishedEdits,
  'guesses by the form are counted where they come from': guessesCounted,
  'no secret is in any line of the log': storesSecrets,
}

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    running = await wiring.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      panel: true,
      env: { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD, LOG_LEVEL: 'debug' },
    })
  })
  afterAll(async () => {
    await running?.stop()
    await simulator.close()
  })

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })
})
