import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { Running } from './harness/running.ts'
import { checkBooks } from './harness/check-books.ts'
import { attacksRefused, bodiesHeld } from './scenarios/attacks.ts'
import { otherSites, wrongUrls } from './scenarios/browsers.ts'
import { chatPicture, chatStream, chatWhole } from './scenarios/chat.ts'
import { editWithMask } from './scenarios/edit.ts'
import { generateFour, generateOne, generateWithOlderSdk } from './scenarios/generate.ts'
import { idempotencyKey, idempotentChat } from './scenarios/idempotency.ts'
import { judgedAnswers } from './scenarios/judged-answers.ts'
import { linksSurviveRestart, signedLinks } from './scenarios/links.ts'
import { picturesInEveryForm } from './scenarios/picture-forms.ts'
import { badInput, keyRevoked, oneReading, outOfCredit } from './scenarios/refusals.ts'
import { asyncEventsResume, streamWithPartials } from './scenarios/stream.ts'
import {
  callerHangsUp,
  abortScope,
  syncWaitExceeded,
  upstreamLimited,
  upstreamSilent,
  upstreamTrouble,
} from './scenarios/trouble.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const scenarios = {
  'one picture by the SDK is real and paid once': generateOne,
  'the older major of the SDK reads the same answers': generateWithOlderSdk,
  'four pictures cost four times one': generateFour,
  'an edit with two pictures and a mask reaches the upstream': editWithMask,
  'a streamed picture shows its partial pictures first': streamWithPartials,
  'a listener of an async job resumes without a gap': asyncEventsResume,
  'a chat stream is relayed and billed by true usage': chatStream,
  'whole chat answers and the model list': chatWhole,
  'an image model named in chat answers with the picture': chatPicture,
  'a revoked key stops at the door': keyRevoked,
  'an empty wallet gets 402 and leaves nothing behind': outOfCredit,
  'bad input names its parameter and costs nothing': badInput,
  'a page of another site reads answers, refusals and pictures': otherSites,
  'a wrong URL is answered with the right one': wrongUrls,
  'a body that has two readings is refused by name': oneReading,
  'a chat answer is judged and paid by its content': judgedAnswers,
  'attacks from one address are refused, and nobody else waits': attacksRefused,
  'bodies that stop on the way hold only their own share': bodiesHeld,
  'trouble of the upstream is repaired or told, and never charged': upstreamTrouble,
  'a limited credential rests and the job is drawn after': upstreamLimited,
  'an awaited picture that takes too long is told of, and drawn': syncWaitExceeded,
  'an upstream that never answers is given up in time': upstreamSilent,
  'a caller who hangs up finds the picture later': callerHangsUp,
  'ten requests with one Idempotency-Key are one job': idempotencyKey,
  'a repeated chat with an Idempotency-Key is one call': idempotentChat,
  'pictures are taken in every form, and answered in both of ours': picturesInEveryForm,
  'signed links serve what they name and nothing else': signedLinks,
  'signed links survive a restart and open at a second replica': linksSurviveRestart,
}

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    running = await wiring.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      env: abortScope,
    })
  })
  afterEach(({ task }) => {
    simulator.script([], { reset: true })
    // The programs' own words belong to a failure.
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running.stop()
    await simulator.close()
  })

  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await scenario({ running, simulator })
  })

  test('after all of it the books balance and verify', async () => {
    expect(await checkBooks({ running })).toEqual([])
  })
})
