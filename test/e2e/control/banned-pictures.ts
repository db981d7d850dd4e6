import type { AdminImageTask } from '@sluice/contracts/control/images'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, send, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import {
  bytesOf,
  callsFor,
  gatewaysOf,
  generate,
  expectPaidOnce,
  newTestUser,
  prompted,
  small,
} from './pictures-scene.ts'

/**
 * Who is banned in mid-drawing sees no more of it, at any door; what was begun for them is kept and paid
 * once, and an operator sees it.
 */
export async function bannedWhileGenerating(context: Context): Promise<void> {
  const [here, there] = gatewaysOf(context)
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const testUser = await newTestUser(context, { name: 'banned' })
  const prompt = prompted(context, 'before the ban')
  context.simulator.script({ match: { promptIncludes: prompt }, latencyMs: 4_000 })
  const { id } = await generate(here, testUser, { ...small, prompt })
  const streams = await Promise.all([here, there].map((gateway) => follow(gateway, testUser, id)))
  for (const stream of streams) await stream.sees(({ state }) => state === 'running')

  await must(here, 'editUser', {
    as: asAdmin,
    input: { params: { id: testUser.id }, body: { banned: true, ban_reason: 'spam' } },
  })
  for (const { end, tasks } of streams) {
    expect(await end).toBeUndefined()
    expect(tasks.at(-1)).toMatchObject({ state: 'running', ended_at: null })
  }
  for (const gateway of [here, there]) {
    await expect(follow(gateway, testUser, id)).rejects.toThrow(/events: 40[13]/)
    for (const operation of ['getImage', 'retryImage', 'cancelImage'] as const) {
      const refused = await send(gateway, operation, {
        as: testUser.session,
        input: { params: { id } },
      })
      expect([401, 403], operation).toContain(refused.status)
    }
  }

  const kept = await eventually(async () => {
    const task = await must<AdminImageTask>(there, 'getAnyImage', {
      as: asAdmin,
      input: { params: { id } },
    })
    return task.charged_micro === null ? undefined : task
  })
  expect(kept).toMatchObject({ state: 'done', attempts: 1, user: { email: testUser.email } })
  expect(kept.pictures[0]).toMatchObject({ state: 'stored', width: 1024, partial_url: null })
  const picture = await bytesOf(there, { path: kept.pictures[0]?.url ?? '' })
  expect(picture).toMatchObject({ status: 200, type: 'image/png' })
  await expectPaidOnce(context, testUser, kept)
  expect(callsFor(context, prompt)).toHaveLength(1)
  const { items } = await must<{ items: AdminImageTask[] }>(here, 'listAllImages', {
    as: asAdmin,
    input: { query: { user_id: testUser.id } },
  })
  expect(items).toEqual([expect.objectContaining({ id, charged_micro: kept.charged_micro })])
}
