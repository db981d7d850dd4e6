import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from './auth-matrix/fixture.ts'
import type { Running } from './harness/running.ts'
import { logsNoSecrets } from './panel/logs-no-secrets.ts'
import {
  crossSiteForm,
  freshNonces,
  guessesCounted,
  missingPage,
  signInByForm,
  staticFiles,
  unauthenticatedForms,
} from './panel/pages.ts'
import { unfinishedEdits, unfinishedForms } from './panel/unfinished-forms.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'a user signs in by the form, and pages are private': signInByForm,
  'no two pages share a nonce': freshNonces,
  'files of the panel are compressed and cached permanently': staticFiles,
  'an unknown address gets a 404 page': missingPage,
  'a form sent by another site is refused': crossSiteForm,
  'forms without a session are not parsed': unauthenticatedForms,
  'incomplete forms use only the share of their sender': unfinishedForms,
  'edits without credits store nothing': unfinishedEdits,
  'password guesses by the form are limited per address': guessesCounted,
  'no log line contains a secret': logsNoSecrets,
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
