import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { Running } from './harness/running.ts'
import { checkLedger } from './harness/check-ledger.ts'
import { attacksRefused, bodiesHeld } from './scenarios/attacks.ts'
import { otherSites, wrongUrls } from './scenarios/browsers.ts'
import { chatPicture, chatStream, chatWhole } from './scenarios/chat.ts'
import { editWithMask } from './scenarios/edit.ts'
import { generateFour, generateOne, generateWithOlderSdk } from './scenarios/generate.ts'
import { idempotencyKey, idempotentChat } from './scenarios/idempotency.ts'
import { classifiedAnswers } from './scenarios/classified-answers.ts'
import { linksSurviveRestart, signedLinks } from './scenarios/links.ts'
import { picturesInEveryForm } from './scenarios/picture-forms.ts'
import { ambiguousBodies, badInput, keyRevoked, outOfCredit } from './scenarios/refusals.ts'
import { asyncEventsResume, streamWithPartials } from './scenarios/stream.ts'
import {
  callerHangsUp,
  shortTimeouts,
  syncWaitExceeded,
  upstreamLimited,
  upstreamSilent,
  upstreamFailures,
} from './scenarios/upstream-failures.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'one picture by the SDK is a valid PNG and paid once': generateOne,
  'the previous major version of the SDK reads the same answers': generateWithOlderSdk,
  'four pictures cost four times one': generateFour,
  'an edit with two pictures and a mask reaches the upstream': editWithMask,
  'a streamed picture shows its partial pictures first': streamWithPartials,
  'an event stream of an async job resumes without a gap': asyncEventsResume,
  'a chat stream is relayed and billed by the upstream’s usage': chatStream,
  'whole chat answers and the model list': chatWhole,
  'an image model used in chat answers with the picture': chatPicture,
  'a revoked key is refused by the gateway': keyRevoked,
  'an empty wallet gets 402 and no job or hold is stored': outOfCredit,
  'bad input names its parameter and costs nothing': badInput,
  'a page of another site reads answers, refusals and pictures': otherSites,
  'the error for a wrong URL names the right one': wrongUrls,
  'an ambiguous body is refused with the name of the field': ambiguousBodies,
  'a chat answer is classified and charged by its content': classifiedAnswers,
  'attacks from one address are refused, and other callers are served': attacksRefused,
  'incomplete bodies use only the share of their own key': bodiesHeld,
  'upstream failures are retried or reported, and never charged': upstreamFailures,
  'a limited credential cools down and the picture is generated afterwards': upstreamLimited,
  'an awaited picture over the wait limit is answered 504, and generated': syncWaitExceeded,
  'an upstream that never answers times out': upstreamSilent,
  'a caller who disconnects gets the picture later': callerHangsUp,
  'ten requests with one Idempotency-Key are one job': idempotencyKey,
  'a repeated chat with an Idempotency-Key is one call': idempotentChat,
  'pictures are accepted in every upstream format, and returned in both of ours':
    picturesInEveryForm,
  'signed links serve their picture and nothing else': signedLinks,
  'signed links are valid after a restart and at a second replica': linksSurviveRestart,
}

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    running = await wiring.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      env: shortTimeouts,
    })
  })
  afterEach(({ task }) => {
    simulator.script([], { reset: true })
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running.stop()
    await simulator.close()
  })

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })

  test('after all scenarios the ledger balances and verifies', async () => {
    expect(await checkLedger({ running })).toEqual([])
  })
})
