import { expect } from 'vitest'

import { ADMIN_EMAIL, must, send, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import type { TestUser } from './pictures-fixture.ts'
import {
  callsFor,
  gatewaysOf,
  generate,
  expectPaidOnce,
  holdsOf,
  newTestUser,
  prompted,
  read,
  settled,
} from './pictures-fixture.ts'

const MODEL = 'one-at-a-time'

/** A queued task can be cancelled at any gateway without a charge; for a running one the answer is 422. */
export async function cancelledInLine(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'in-line' })
  await createSlowModel(context, testUser)
  const first = prompted(context, 'first in the queue')
  const second = prompted(context, 'second in the queue')
  context.simulator.script({ match: { promptIncludes: first }, latencyMs: 4_000 })
  const body = { model: MODEL, quality: 'low', size: '1024x1024' }
  const ahead = await generate(gatewayA, testUser, { ...body, prompt: first })
  await eventually(async () => callsFor(context, first)[0])
  const waiting = await generate(gatewayA, testUser, { ...body, prompt: second })
  expect(await read(gatewayB, testUser, waiting.id)).toMatchObject({ state: 'queued', position: 1 })
  const following = await follow(gatewayA, testUser, waiting.id)

  const cancelled = await cancel(gatewayB, testUser, waiting.id)
  expect(cancelled.status).toBe(200)
  expect(JSON.parse(cancelled.text)).toMatchObject({ id: waiting.id, state: 'cancelled' })
  expect(await following.end).toBe('cancelled')
  expect((await cancel(gatewayA, testUser, waiting.id)).status).toBe(200)
  await expectTooLate(gatewayB, testUser, { id: ahead.id, because: /being generated/ })

  expect(await settled(gatewayA, testUser, waiting.id)).toMatchObject({
    state: 'cancelled',
    held_micro: null,
    charged_micro: '0',
  })
  const done = await settled(gatewayB, testUser, ahead.id)
  expect(done.state).toBe('done')
  await expectPaidOnce(context, testUser, done)
  await expectTooLate(gatewayA, testUser, { id: ahead.id, because: /ended/ })
  expect(await holdsOf(context, testUser)).toEqual([
    { ref: ahead.id, state: 'captured', captured: done.charged_micro },
    { ref: waiting.id, state: 'voided', captured: '0' },
  ])
  expect(callsFor(context, second)).toEqual([])
}

const cancel = (gateway: Context, { session }: TestUser, id: string) =>
  send(gateway, 'cancelImage', { as: session, input: { params: { id } } })

async function expectTooLate(
  gateway: Context,
  testUser: TestUser,
  { id, because }: { id: string; because: RegExp },
): Promise<void> {
  const { status, text } = await cancel(gateway, testUser, id)
  expect(status).toBe(422)
  expect(JSON.parse(text)).toMatchObject({
    error: { code: 'not_cancellable', message: expect.stringMatching(because) },
  })
}

/** Creates a model with one credential that generates one picture at a time. */
async function createSlowModel(context: Context, { session }: TestUser): Promise<void> {
  const { simulator } = context
  const as = await signIn(context, ADMIN_EMAIL)
  await must(context, 'createChannel', {
    as,
    input: {
      body: {
        name: MODEL,
        dialect: 'openai',
        base_url: `${simulator.url}/v1`,
        models: [{ model: MODEL, upstream_model: 'gpt-image-2', kinds: ['image'] }],
        secrets: [simulator.key],
        concurrency_max: 1,
      },
    },
  })
  const steps = [{ quality: 'low', pixels_max: 4_000_000, micro_per_image: '12000' }]
  await must(context, 'addModelPrice', {
    as,
    input: { params: { model: MODEL }, body: { price: { kind: 'images', steps } } },
  })
  for (const gateway of gatewaysOf(context))
    await eventually(async () => {
      const { images } = await must<{ images: { model: string }[] }>(gateway, 'listImageModels', {
        as: session,
      })
      return images.find(({ model }) => model === MODEL)
    })
}
