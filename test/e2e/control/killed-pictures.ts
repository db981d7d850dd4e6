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
} from './pictures-fixture.ts'

/** After a kill of the runner during generation the task still exists, is completed and is paid once. */
export async function killedWhileGenerating(context: Context): Promise<void> {
  const { running, simulator } = context
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'killed' })
  // The first call takes longer than the test waits, so only a second one can return the picture.
  const prompt = prompted(context, 'killed')
  simulator.script({ match: { promptIncludes: prompt }, latencyMs: 100_000 })
  const { amount_micro: price } = await must<{ amount_micro: string }>(gatewayA, 'estimateImages', {
    as: testUser.session,
    input: { body: small },
  })
  const { id } = await generate(gatewayA, testUser, { ...small, prompt })
  const following = await follow(gatewayB, testUser, id)
  await following.waitFor(({ state }) => state === 'running')
  await eventually(async () => callsFor(context, prompt)[0])

  await running.kill('image-runner')
  await running.start('image-runner')
  expect(await read(gatewayA, testUser, id)).toMatchObject({ id, prompt })
  const resumed = await follow(gatewayB, testUser, id)
  expect(await resumed.end).toBe('done')
  // A gateway that was not killed continues the stream; a killed one has cut it.
  const isGatewayKilled = running.wiring === 'embedded'
  expect(await following.end).toBe(isGatewayKilled ? undefined : 'done')
  const done = resumed.tasks.at(-1)
  expect(done).toMatchObject({ state: 'done', charged_micro: price })
  await expectPaidOnce(context, testUser, await read(gatewayA, testUser, id))
  expect(callsFor(context, prompt).flatMap(({ produced }) => produced)).toHaveLength(1)
}
