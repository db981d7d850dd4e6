import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, client } from '../harness/context.ts'
import { readSse } from '../harness/sse.ts'

/** A streamed picture: partial pictures in order, then the complete one with usage. */
export async function streamWithPartials(context: Context): Promise<void> {
  const stream = await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'a tide coming in',
    size: '1024x1024',
    quality: 'low',
    stream: true,
    partial_images: 2,
  })
  const seen: string[] = []
  for await (const event of stream) {
    seen.push(event.type)
    expect(event.b64_json.length).toBeGreaterThan(100)
    if (event.type === 'image_generation.completed') {
      expect(event.usage.total_tokens).toBeGreaterThan(0)
    }
  }
  expect(seen).toEqual([
    'image_generation.partial_image',
    'image_generation.partial_image',
    'image_generation.completed',
  ])
}

/** An async job: 202 immediately, numbered events, and a resumed stream without a gap. */
export async function asyncEventsResume(context: Context): Promise<void> {
  const made = await call(context, '/v1/images/generations', {
    body: {
      model: 'gpt-image-2',
      prompt: 'slowly',
      quality: 'low',
      partial_images: 2,
      async: true,
    },
  })
  expect(made.status).toBe(202)
  const task: unknown = await made.json()
  expect(task).toMatchObject({
    id: expect.any(String),
    status: expect.any(String),
    created: expect.any(Number),
  })
  const { id } = task as { id: string }

  const whole = await readSse(await call(context, `/v1/images/tasks/${id}/events`))
  const numbers = whole.filter((event) => event.id !== undefined).map((event) => Number(event.id))
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(whole.at(-1)?.event).toBe('done')

  const resumed = await readSse(
    await call(context, `/v1/images/tasks/${id}/events`, { headers: { 'last-event-id': '2' } }),
  )
  expect(
    resumed.filter((event) => event.id !== undefined).map((event) => Number(event.id)),
  ).toEqual(numbers.slice(2))

  const read = await call(context, `/v1/images/tasks/${id}`)
  expect(await read.json()).toMatchObject({ id, task_id: id, status: 'done' })
}
