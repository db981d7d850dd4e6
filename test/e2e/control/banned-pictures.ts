import type { AdminImageTask } from '@sluice/contracts/control/images'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, send, signIn } from '../auth-matrix/world.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { follow } from './follow-pictures.ts'
import {
  bytesOf,
  callsFor,
  doorsOf,
  draw,
  expectPaidOnce,
  newPainter,
  prompted,
  small,
} from './pictures-scene.ts'

/**
 * Who is banned in mid-drawing sees no more of it, at any door; what was begun for them is kept and paid
 * once, and an operator sees it.
 */
export async function bannedWhileDrawing(context: Context): Promise<void> {
  const [here, there] = doorsOf(context)
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const painter = await newPainter(context, { name: 'banned' })
  const prompt = prompted(context, 'before the ban')
  context.simulator.script({ match: { promptIncludes: prompt }, latencyMs: 4_000 })
  const { id } = await draw(here, painter, { ...small, prompt })
  const streams = await Promise.all([here, there].map((door) => follow(door, painter, id)))
  for (const stream of streams) await stream.sees(({ state }) => state === 'running')

  await must(here, 'editUser', {
    as: asAdmin,
    wish: { params: { id: painter.id }, body: { banned: true, ban_reason: 'spam' } },
  })
  for (const { end, tasks } of streams) {
    expect(await end).toBeUndefined()
    expect(tasks.at(-1)).toMatchObject({ state: 'running', ended_at: null })
  }
  for (const door of [here, there]) {
    await expect(follow(door, painter, id)).rejects.toThrow(/events: 40[13]/)
    for (const operation of ['getImage', 'retryImage', 'cancelImage'] as const) {
      const refused = await send(door, operation, { as: painter.session, wish: { params: { id } } })
      expect([401, 403], operation).toContain(refused.status)
    }
  }

  const kept = await eventually(async () => {
    const task = await must<AdminImageTask>(there, 'getAnyImage', {
      as: asAdmin,
      wish: { params: { id } },
    })
    return task.charged_micro === null ? undefined : task
  })
  expect(kept).toMatchObject({ state: 'done', attempts: 1, user: { email: painter.email } })
  expect(kept.pictures[0]).toMatchObject({ state: 'kept', width: 1024, partial_url: null })
  const picture = await bytesOf(there, { path: kept.pictures[0]?.url ?? '' })
  expect(picture).toMatchObject({ status: 200, type: 'image/png' })
  await expectPaidOnce(context, painter, kept)
  expect(callsFor(context, prompt)).toHaveLength(1)
  const { items } = await must<{ items: AdminImageTask[] }>(here, 'listAllImages', {
    as: asAdmin,
    wish: { query: { user_id: painter.id } },
  })
  expect(items).toEqual([expect.objectContaining({ id, charged_micro: kept.charged_micro })])
}
