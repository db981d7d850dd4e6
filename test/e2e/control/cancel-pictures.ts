import { expect } from 'vitest'

import { ADMIN_EMAIL, must, send, signIn } from '../auth-matrix/world.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import type { Painter } from './pictures-scene.ts'
import {
  callsFor,
  doorsOf,
  draw,
  expectPaidOnce,
  holdsOf,
  newPainter,
  prompted,
  read,
  settled,
} from './pictures-scene.ts'

const LINE = 'one-at-a-time'

/** Who waits in line may go, at any door, and pays nothing; who is being drawn is told that it is too late. */
export async function cancelledInLine(context: Context): Promise<void> {
  const [here, there] = doorsOf(context)
  const painter = await newPainter(context, { name: 'in-line' })
  await openLine(context, painter)
  const first = prompted(context, 'ahead in line')
  const second = prompted(context, 'behind in line')
  context.simulator.script({ match: { promptIncludes: first }, latencyMs: 4_000 })
  const body = { model: LINE, quality: 'low', size: '1024x1024' }
  const ahead = await draw(here, painter, { ...body, prompt: first })
  await eventually(async () => callsFor(context, first)[0])
  const waiting = await draw(here, painter, { ...body, prompt: second })
  expect(await read(there, painter, waiting.id)).toMatchObject({ state: 'queued', position: 1 })
  const following = await follow(here, painter, waiting.id)

  const cancelled = await cancel(there, painter, waiting.id)
  expect(cancelled.status).toBe(200)
  expect(JSON.parse(cancelled.text)).toMatchObject({ id: waiting.id, state: 'cancelled' })
  expect(await following.end).toBe('cancelled')
  expect((await cancel(here, painter, waiting.id)).status).toBe(200)
  await expectTooLate(there, painter, { id: ahead.id, because: /being drawn/ })

  expect(await settled(here, painter, waiting.id)).toMatchObject({
    state: 'cancelled',
    held_micro: null,
    charged_micro: '0',
  })
  const done = await settled(there, painter, ahead.id)
  expect(done.state).toBe('done')
  await expectPaidOnce(context, painter, done)
  await expectTooLate(here, painter, { id: ahead.id, because: /ended/ })
  expect(await holdsOf(context, painter)).toEqual([
    { ref: ahead.id, state: 'captured', captured: done.charged_micro },
    { ref: waiting.id, state: 'voided', captured: '0' },
  ])
  expect(callsFor(context, second)).toEqual([])
}

const cancel = (door: Context, { session }: Painter, id: string) =>
  send(door, 'cancelImage', { as: session, wish: { params: { id } } })

async function expectTooLate(
  door: Context,
  painter: Painter,
  { id, because }: { id: string; because: RegExp },
): Promise<void> {
  const { status, text } = await cancel(door, painter, id)
  expect(status).toBe(422)
  expect(JSON.parse(text)).toMatchObject({
    error: { code: 'not_cancellable', message: expect.stringMatching(because) },
  })
}

/** A model behind one credential that draws one picture at a time. */
async function openLine(context: Context, { session }: Painter): Promise<void> {
  const { simulator } = context
  const as = await signIn(context, ADMIN_EMAIL)
  await must(context, 'createChannel', {
    as,
    wish: {
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
    wish: { params: { model: LINE }, body: { price: { kind: 'images', steps } } },
  })
  for (const door of doorsOf(context))
    await eventually(async () => {
      const { images } = await must<{ images: { model: string }[] }>(door, 'listImageModels', {
        as: session,
      })
      return images.find(({ model }) => model === LINE)
    })
}
