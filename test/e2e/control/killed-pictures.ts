import { expect } from 'vitest'

import { must } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import {
  callsFor,
  gatewaysOf,
  generate,
  expectPaidOnce,
  newTestUser,
  prompted,
  read,
  small,
} from './pictures-scene.ts'

/** Whatever dies in mid-drawing, the task is there afterwards, is drawn to its end, and is paid once. */
export async function killedWhileGenerating(context: Context): Promise<void> {
  const { running, simulator } = context
  const [here, there] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'struck' })
  // The first call would take longer than anybody waits: only a second one can be the picture.
  const prompt = prompted(context, 'struck down')
  simulator.script({ match: { promptIncludes: prompt }, latencyMs: 100_000 })
  const { amount_micro: price } = await must<{ amount_micro: string }>(here, 'estimateImages', {
    as: testUser.session,
    input: { body: small },
  })
  const { id } = await generate(here, testUser, { ...small, prompt })
  const following = await follow(there, testUser, id)
  await following.sees(({ state }) => state === 'running')
  await eventually(async () => callsFor(context, prompt)[0])

  await running.kill('image-runner')
  await running.start('image-runner')
  expect(await read(here, testUser, id)).toMatchObject({ id, prompt })
  const resumed = await follow(there, testUser, id)
  expect(await resumed.end).toBe('done')
  // A door that did not die went on telling; one that did has cut its stream.
  const isGatewayDead = running.wiring === 'embedded'
  expect(await following.end).toBe(isGatewayDead ? undefined : 'done')
  const done = resumed.tasks.at(-1)
  expect(done).toMatchObject({ state: 'done', charged_micro: price })
  await expectPaidOnce(context, testUser, await read(here, testUser, id))
  expect(callsFor(context, prompt).flatMap(({ produced }) => produced)).toHaveLength(1)
}
