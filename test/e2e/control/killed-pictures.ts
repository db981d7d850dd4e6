import { expect } from 'vitest'

import { must } from '../auth-matrix/world.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import {
  callsFor,
  doorsOf,
  draw,
  expectPaidOnce,
  newPainter,
  prompted,
  read,
  small,
} from './pictures-scene.ts'

/** Whatever dies in mid-drawing, the task is there afterwards, is drawn to its end, and is paid once. */
export async function killedWhileDrawing(context: Context): Promise<void> {
  const { running, simulator } = context
  const [here, there] = doorsOf(context)
  const painter = await newPainter(context, { name: 'struck' })
  // The first call would take longer than anybody waits: only a second one can be the picture.
  const prompt = prompted(context, 'struck down')
  simulator.script({ match: { promptIncludes: prompt }, latencyMs: 100_000 })
  const { amount_micro: price } = await must<{ amount_micro: string }>(here, 'estimateImages', {
    as: painter.session,
    wish: { body: small },
  })
  const { id } = await draw(here, painter, { ...small, prompt })
  const following = await follow(there, painter, id)
  await following.sees(({ state }) => state === 'running')
  await eventually(async () => callsFor(context, prompt)[0])

  await running.kill('image-runner')
  await running.start('image-runner')
  expect(await read(here, painter, id)).toMatchObject({ id, prompt })
  const resumed = await follow(there, painter, id)
  expect(await resumed.end).toBe('done')
  // A door that did not die went on telling; one that did has cut its stream.
  const isDoorDead = running.wiring === 'embedded'
  expect(await following.end).toBe(isDoorDead ? undefined : 'done')
  const done = resumed.tasks.at(-1)
  expect(done).toMatchObject({ state: 'done', charged_micro: price })
  await expectPaidOnce(context, painter, await read(here, painter, id))
  expect(callsFor(context, prompt).flatMap(({ produced }) => produced)).toHaveLength(1)
}
