import { expect } from 'vitest'

import { send } from '../auth-matrix/world.ts'
import type { Context } from '../harness/context.ts'
import {
  callsFor,
  doorsOf,
  draw,
  expectPaidOnce,
  holdsOf,
  listed,
  newPainter,
  prompted,
  settled,
  small,
} from './pictures-scene.ts'

const PARALLEL = 20

/** Whoever presses twenty times, at whatever door, with one Idempotency-Key: one job, one hold, one charge. */
export async function askedTwentyTimes(context: Context): Promise<void> {
  const [here, there] = doorsOf(context)
  const painter = await newPainter(context, { name: 'twenty-times' })
  const headers = { 'idempotency-key': 'pressed again and again' }
  const prompt = prompted(context, 'twenty times')
  const body = { ...small, prompt }
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_none, n) =>
      draw(n % 2 === 0 ? here : there, painter, body, headers),
    ),
  )
  const ids = new Set(answers.map(({ id }) => id))
  expect(ids.size).toBe(1)
  const [id = ''] = ids
  await expectPaidOnce(context, painter, await settled(there, painter, id))
  expect(await holdsOf(context, painter)).toHaveLength(1)
  expect((await listed(here, painter)).items.map((task) => task.id)).toEqual([id])

  // Long after its end it is still the same task, and another wish under its name is refused.
  expect(await draw(there, painter, body, headers)).toMatchObject({ id, state: 'done' })
  const other = { ...body, prompt: `${prompt}, but another` }
  const refused = await send(there, 'createImages', {
    as: painter.session,
    wish: { body: other, headers },
  })
  expect(refused.status).toBe(422)
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'idempotency_conflict' } })
  expect(await holdsOf(context, painter)).toHaveLength(1)
  expect(callsFor(context, prompt)).toHaveLength(1)
}
