import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { createRenderSlots } from './render-slots.ts'

const limits = { renderingMax: 2, waitingMax: 2, waitMsMax: 1_000 }

function work() {
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => (finish = resolve))
  return { render: () => done, finish }
}

test('renderings above the limit are queued in order, and rejected when the queue is full', async () => {
  const slots = createRenderSlots({ clock: fakeClock(), ...limits })
  const works = Array.from({ length: 4 }, work)
  const order: number[] = []
  const runs = works.map(({ render }, n) => slots.run(render).then(() => order.push(n)))
  expect([slots.rendering, slots.waiting]).toEqual([2, 2])
  await expect(slots.run(async () => 'late')).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterMs: 2_000,
  })
  for (const { finish } of works) finish()
  await Promise.all(runs)
  expect(order).toEqual([0, 1, 2, 3])
  expect([slots.rendering, slots.waiting]).toEqual([0, 0])
})

test('a rendering that waits too long is rejected and removed from the queue', async () => {
  const clock = fakeClock()
  const slots = createRenderSlots({ clock, ...limits })
  const works = [work(), work()]
  const runs = works.map(({ render }) => slots.run(render))
  const late = slots.run(async () => 'late').catch((error: unknown) => error)
  await clock.advance(1_000)
  expect(await late).toMatchObject({ code: 'overloaded' })
  expect(slots.waiting).toBe(0)
  for (const { finish } of works) finish()
  await Promise.all(runs)
  await expect(slots.run(async () => 'next')).resolves.toBe('next')
})

test('a failed rendering frees its slot', async () => {
  const slots = createRenderSlots({ clock: fakeClock(), ...limits })
  for (let n = 0; n < 5; n += 1)
    await expect(slots.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(slots.rendering).toBe(0)
})
