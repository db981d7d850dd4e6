import { expect } from 'vitest'

import { ADMIN_EMAIL, must, send, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import type { TestUser } from './pictures-scene.ts'
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
} from './pictures-scene.ts'

const LINE = 'one-at-a-time'

/** Who waits in line may go, at any door, and pays nothing; who is being drawn is told that it is too late. */
export async function cancelledInLine(context: Context): Promise<void> {
  const [here, there] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'in-line' })
  await openLine(context, testUser)
  const first = prompted(context, 'ahead in line')
  const second = prompted(context, 'behind in line')
  context.simulator.script({ match: { promptIncludes: first }, latencyMs: 4_000 })
  const body = { model: LINE, quality: 'low', size: '1024x1024' }
  const ahead = await generate(here, testUser, { ...body, prompt: first })
  await eventually(async () => callsFor(context, first)[0])
  const waiting = await generate(here, testUser, { ...body, prompt: second })
  expect(await read(there, testUser, waiting.id)).toMatchObject({ state: 'queued', position: 1 })
  const following = await follow(here, testUser, waiting.id)

  const cancelled = await cancel(there, testUser, waiting.id)
  expect(cancelled.status).toBe(200)
  expect(JSON.parse(cancelled.text)).toMatchObject({ id: waiting.id, state: 'cancelled' })
  expect(await following.end).toBe('cancelled')
  expect((await cancel(here, testUser, waiting.id)).status).toBe(200)
  await expectTooLate(there, testUser, { id: ahead.id, because: /being drawn/ })

  expect(await settled(here, testUser, waiting.id)).toMatchObject({
    state: 'cancelled',
    held_micro: null,
    charged_micro: '0',
  })
  const done = await settled(there, testUser, ahead.id)
  expect(done.state).toBe('done')
  await expectPaidOnce(context, testUser, done)
  await expectTooLate(here, testUser, { id: ahead.id, because: /ended/ })
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

/** A model behind one credential that draws one picture at a time. */
async function openLine(context: Context, { session }: TestUser): Promise<void> {
  const { simulator } = context
  const as = await signIn(context, ADMIN_EMAIL)
  await must(context, 'createChannel', {
    as,
    input: {
      body: {
        name: LINE,
        dialect: 'openai',
        base_url: `${simulator.url}/v1`,
        models: [{ model: LINE, upstream_model: 'gpt-image-2', kinds: ['image'] }],
        secrets: [simulator.key],
        concurrency_max: 1,
      },
    },
  })
  const steps = [{ quality: 'low', pixels_max: 4_000_000, micro_per_image: '12000' }]
  await must(context, 'addModelPrice', {
    as,
    input: { params: { model: LINE }, body: { price: { kind: 'images', steps } } },
  })
  for (const gateway of gatewaysOf(context))
    await eventually(async () => {
      const { images } = await must<{ images: { model: string }[] }>(gateway, 'listImageModels', {
        as: session,
      })
      return images.find(({ model }) => model === LINE)
    })
}
