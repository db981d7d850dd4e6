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
} from './pictures-fixture.ts'

/**
 * A user banned during generation gets no more of the task, at any gateway; its picture is stored and paid
 * once, and an operator sees it.
 */
export async function bannedWhileGenerating(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const testUser = await newTestUser(context, { name: 'banned' })
  const prompt = prompted(context, 'before the ban')
  context.simulator.script({ match: { promptIncludes: prompt }, latencyMs: 4_000 })
  const { id } = await generate(gatewayA, testUser, { ...small, prompt })
  const streams = await Promise.all(
    [gatewayA, gatewayB].map((gateway) => follow(gateway, testUser, id)),
  )
  for (const stream of streams) await stream.waitFor(({ state }) => state === 'running')

  await must(gatewayA, 'editUser', {
    as: asAdmin,
    input: { params: { id: testUser.id }, body: { banned: true, ban_reason: 'spam' } },
  })
  for (const { end, tasks } of streams) {
    expect(await end).toBeUndefined()
    expect(tasks.at(-1)).toMatchObject({ state: 'running', ended_at: null })
  }
  for (const gateway of [gatewayA, gatewayB]) {
    await expect(follow(gateway, testUser, id)).rejects.toThrow(/events: 40[13]/)
    for (const operation of ['getImage', 'retryImage', 'cancelImage'] as const) {
      const refused = await send(gateway, operation, {
        as: testUser.session,
        input: { params: { id } },
      })
      expect([401, 403], operation).toContain(refused.status)
    }
  }

  const stored = await eventually(async () => {
    const task = await must<AdminImageTask>(gatewayB, 'getAnyImage', {
      as: asAdmin,
      input: { params: { id } },
    })
    return task.charged_micro === null ? undefined : task
  })
  expect(stored).toMatchObject({ state: 'done', attempts: 1, user: { email: testUser.email } })
  expect(stored.pictures[0]).toMatchObject({ state: 'stored', width: 1024, partial_url: null })
  const picture = await bytesOf(gatewayB, { path: stored.pictures[0]?.url ?? '' })
  expect(picture).toMatchObject({ status: 200, type: 'image/png' })
  await expectPaidOnce(context, testUser, stored)
  expect(callsFor(context, prompt)).toHaveLength(1)
  const { items } = await must<{ items: AdminImageTask[] }>(gatewayA, 'listAllImages', {
    as: asAdmin,
    input: { query: { user_id: testUser.id } },
  })
  expect(items).toEqual([expect.objectContaining({ id, charged_micro: stored.charged_micro })])
}
