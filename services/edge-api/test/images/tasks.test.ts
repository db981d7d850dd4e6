import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const imageRequest = {
  model: 'gpt-image-2',
  prompt: 'a red fox',
  size: '64x64',
  quality: 'low',
  async: true,
}

interface Event {
  id: number | undefined
  event: string | undefined
  data: Record<string, unknown>
}

async function readEvents(answer: Response): Promise<Event[]> {
  const blocks = (await answer.text()).split('\n\n').filter((block) => /^data: /m.test(block))
  return blocks.map((block) => {
    const id = /^id: (\d+)$/m.exec(block)?.[1]
    return {
      id: id === undefined ? undefined : Number(id),
      event: /^event: (.*)$/m.exec(block)?.[1],
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null'),
    }
  })
}

type Fixture = Awaited<ReturnType<typeof createFixture>>

const submit = async ({ post }: Fixture, body: object = {}) =>
  (await jsonOf(await post(GENERATIONS, { ...imageRequest, ...body }))).id
const untilDone = ({ call }: Fixture, id: string) =>
  expect.poll(async () => (await jsonOf(await call(`/v1/images/tasks/${id}`))).status).toBe('done')

test('a task shows its queue position, then its pictures with newly signed links', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  const first = await submit(fixture)
  await clock.advance(1_000)
  const second = await submit(fixture, { n: 2 })
  const waiting = await jsonOf(await fixture.call(`/v1/images/tasks/${second}`))
  expect(waiting).toMatchObject({
    id: second,
    status: 'queued',
    position: 2,
    data: [],
    error: null,
  })
  await fixture.startRunner()
  await untilDone(fixture, first)
  await untilDone(fixture, second)
  const answer = await fixture.call(`/v1/images/tasks/${second}`)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toMatchObject({
    object: 'image.task',
    task_id: second,
    model: 'gpt-image-2',
    kind: 'generate',
    n: 2,
    started_at: expect.any(Number),
    finished_at: expect.any(Number),
    data: [
      { index: 0, url: expect.stringContaining(`/p/img/${second}/0?exp=`), size: '64x64' },
      { index: 1, url: expect.stringContaining(`/p/img/${second}/1?exp=`), output_format: 'png' },
    ],
    usage: { total_tokens: 210 },
    error: null,
  })
})

test('HEAD on a task is answered like GET without the body, and refused on events', async () => {
  const fixture = await createFixture()
  const id = await submit(fixture)
  await untilDone(fixture, id)
  const head = await fixture.call(`/v1/images/tasks/${id}`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await fixture.call(`/v1/images/tasks/${id}/events`, { method: 'HEAD' })).status).toBe(405)
})

test('a failed task carries its error in the OpenAI error format', async () => {
  const fixture = await createFixture({
    generateImage: async () => ({ code: 'content_policy_violation', message: 'Not this.' }),
  })
  const id = await submit(fixture)
  await expect
    .poll(async () => (await fixture.call(`/v1/images/tasks/${id}`)).json())
    .toMatchObject({
      status: 'failed',
      data: [],
      error: {
        code: 'content_policy_violation',
        type: 'invalid_request_error',
        message: 'Not this.',
        param: null,
      },
    })
})

test('a task is visible to the keys of its own wallet only', async () => {
  const fixture = await createFixture()
  const id = await submit(fixture)
  await untilDone(fixture, id)
  const other = `img_${'0'.repeat(32)}`
  for (const path of [id, `${id}/events`, other, 'img_x', '..%2f..%2fetc', `${id}%00`]) {
    const answer = await fixture.call(`/v1/images/tasks/${path}`, { key: 'sk-other' })
    expect([path, answer.status, (await jsonOf(answer)).error.code]).toEqual([
      path,
      404,
      'task_not_found',
    ])
  }
  const cancelled = await fixture.call(`/v1/images/tasks/${id}`, {
    method: 'DELETE',
    key: 'sk-other',
  })
  expect(cancelled.status).toBe(404)
  expect((await fixture.call(`/v1/images/tasks/${id}`, { key: 'sk-one-too' })).status).toBe(200)
  expect((await fixture.call(`/v1/images/tasks/${id}`, { key: 'sk-wrong' })).status).toBe(401)
})

test('events cover a task from the queue to its end, numbered without a gap', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  await submit(fixture)
  await clock.advance(1_000)
  const id = await submit(fixture, { partial_images: 2 })
  const listening = fixture.call(`/v1/images/tasks/${id}/events`)
  const answer = await listening
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  await expect.poll(() => fixture.hub.size).toBe(1)
  await fixture.startRunner()
  const events = await readEvents(answer)
  const positionEvent = events.find(({ id }) => id === undefined)
  expect(positionEvent).toMatchObject({ event: 'queued', data: { task_id: id, position: 2 } })
  const numbered = events.filter((event) => event.id !== undefined)
  expect(numbered.map(({ id, event }) => `${id} ${event}`)).toEqual([
    '1 queued',
    '2 started',
    '3 partial',
    '4 partial',
    '5 stored',
    '6 done',
  ])
  expect(numbered[2]?.data).toMatchObject({
    b64_json: expect.stringMatching(/^iVBOR/),
    partial_image_index: 0,
  })
  expect(numbered[4]?.data).toMatchObject({ index: 0, url: expect.stringContaining('sig=') })
  expect(numbered[5]?.data).toMatchObject({ task_id: id, error: null, data: [{ index: 0 }] })
})

test('a reconnecting client misses no event and gets none twice', async () => {
  const fixture = await createFixture()
  const id = await submit(fixture, { partial_images: 1 })
  await untilDone(fixture, id)
  const path = `/v1/images/tasks/${id}/events`
  const all = (await readEvents(await fixture.call(path))).map(({ id }) => id)
  expect(all).toEqual([1, 2, 3, 4, 5])
  for (const after of all) {
    const rest = all.slice(after)
    const byHeader = await fixture.call(path, { headers: { 'last-event-id': String(after) } })
    const byQuery = await fixture.call(`${path}?last_event_id=${after}`)
    expect((await readEvents(byHeader)).map(({ id }) => id)).toEqual(rest)
    expect((await readEvents(byQuery)).map(({ id }) => id)).toEqual(rest)
    // 204 stops an EventSource from reconnecting.
    expect(byHeader.status).toBe(rest.length > 0 ? 200 : 204)
  }
  const bad = await fixture.call(path, { headers: { 'last-event-id': '1; drop' } })
  expect([bad.status, (await jsonOf(bad)).error.param]).toEqual([400, 'Last-Event-ID'])
})

test('an event of a partial picture whose bytes were removed has no bytes', async () => {
  const fixture = await createFixture()
  const id = await submit(fixture, { partial_images: 1 })
  await untilDone(fixture, id)
  await fixture.blobs.remove(`jobs/${id}/partials/0/0`)
  const events = await readEvents(await fixture.call(`/v1/images/tasks/${id}/events`))
  expect(events.find(({ event }) => event === 'partial')?.data).toMatchObject({ b64_json: null })
})

test('a waiting client gets a comment every ten seconds, and each new queue position', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  const first = await submit(fixture)
  await clock.advance(1_000)
  const second = await submit(fixture)
  const answer = await fixture.call(`/v1/images/tasks/${second}/events`)
  const received: string[] = []
  const listen = async () => {
    for await (const chunk of answer.body ?? []) received.push(Buffer.from(chunk).toString())
  }
  const listening = listen()
  await expect.poll(() => received.join('')).toContain('"position":2')
  expect((await fixture.call(`/v1/images/tasks/${first}`, { method: 'DELETE' })).status).toBe(200)
  await clock.advance(10_000)
  await expect.poll(() => received.join('')).toContain(': keep-alive\n\n')
  await expect.poll(() => received.join('')).toContain('"position":1')
  expect((await fixture.call(`/v1/images/tasks/${second}`, { method: 'DELETE' })).status).toBe(200)
  await listening
  expect(received.join('')).toContain('event: cancelled')
})

test('a queued task can be cancelled repeatedly, and its hold is released', async () => {
  const published: string[] = []
  const fixture = await createFixture({
    runner: false,
    override: ({ bus }) => ({
      bus: {
        ...bus,
        announce: async (name, event) => {
          published.push(name)
          await bus.announce(name, event)
        },
      },
    }),
  })
  const id = await submit(fixture)
  published.length = 0
  for (const status of [200, 200]) {
    const answer = await fixture.call(`/v1/images/tasks/${id}`, { method: 'DELETE' })
    expect([answer.status, (await jsonOf(answer)).status]).toEqual([status, 'cancelled'])
  }
  expect(published.sort()).toEqual(['image-job-cancelled', 'image-job-ended', 'image-job-event'])
  expect(fixture.jobs.outbox()).toEqual([`image-job-ended ${id}`])
})

test('a running or ended task can no longer be cancelled', async () => {
  const gate = Promise.withResolvers<void>()
  const fixture = await createFixture({ generateImage: async () => void (await gate.promise) })
  const id = await submit(fixture)
  await expect.poll(async () => (await fixture.jobs.read(id))?.state).toBe('claimed')
  const refused = async () => {
    const answer = await fixture.call(`/v1/images/tasks/${id}`, { method: 'DELETE' })
    return [answer.status, (await jsonOf(answer)).error.code]
  }
  expect(await refused()).toEqual([422, 'not_cancellable'])
  gate.resolve()
  await untilDone(fixture, id)
  expect(await refused()).toEqual([422, 'not_cancellable'])
})

test('an awaiting caller gets 422 when the task is cancelled', async () => {
  const fixture = await createFixture({ runner: false })
  const awaited = fixture.post(GENERATIONS, { ...imageRequest, async: false })
  await expect.poll(() => fixture.hub.size).toBe(1)
  const id = fixture.jobs.outbox()[0]?.split(' ')[1] ?? ''
  await fixture.call(`/v1/images/tasks/${id}`, { method: 'DELETE' })
  const answer = await awaited
  expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([422, 'cancelled'])
})

test('events lost by the bus are read from the database', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  const id = await submit(fixture)
  const answer = await fixture.call(`/v1/images/tasks/${id}/events`)
  await expect.poll(() => fixture.hub.size).toBe(1)
  // Stored by another process whose announcement was lost.
  await fixture.jobs.cancel(id, clock.now())
  const reading = readEvents(answer)
  for (let second = 0; second < 5; second += 1) {
    await clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await reading).at(-1)?.event).toBe('cancelled')
})
