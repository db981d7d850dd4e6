import { expect } from 'vitest'

import { send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import {
  callsFor,
  gatewaysOf,
  generate,
  expectPaidOnce,
  holdsOf,
  listed,
  newTestUser,
  prompted,
  settled,
  small,
} from './pictures-fixture.ts'

const PARALLEL = 20

/** Twenty requests at both gateways with one Idempotency-Key are one job, one hold, one charge. */
export async function requestedTwentyTimes(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'twenty-times' })
  const headers = { 'idempotency-key': 'twenty requests' }
  const prompt = prompted(context, 'twenty times')
  const body = { ...small, prompt }
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_none, n) =>
      generate(n % 2 === 0 ? gatewayA : gatewayB, testUser, body, headers),
    ),
  )
  const ids = new Set(answers.map(({ id }) => id))
  expect(ids.size).toBe(1)
  const [id = ''] = ids
  await expectPaidOnce(context, testUser, await settled(gatewayB, testUser, id))
  expect(await holdsOf(context, testUser)).toHaveLength(1)
  expect((await listed(gatewayA, testUser)).items.map((task) => task.id)).toEqual([id])

  // After its end the key still refers to the same task, and another request with it is refused.
  expect(await generate(gatewayB, testUser, body, headers)).toMatchObject({ id, state: 'done' })
  const other = { ...body, prompt: `${prompt}, but another` }
  const refused = await send(gatewayB, 'createImages', {
    as: testUser.session,
    input: { body: other, headers },
  })
  expect(refused.status).toBe(422)
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'idempotency_conflict' } })
  expect(await holdsOf(context, testUser)).toHaveLength(1)
  expect(callsFor(context, prompt)).toHaveLength(1)
}
