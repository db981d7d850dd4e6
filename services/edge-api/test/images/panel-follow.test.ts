import type { ImageTaskDetail } from '@sluice/contracts/control/images'
import { partialKey } from '@sluice/jobs/blob-keys'
import { assert } from '@sluice/kernel/assert'
import { expect, test } from 'vitest'

import { STREAMS_EACH_MAX } from '../../src/stream-limit.ts'
import type { PanelEvent } from './panel.ts'
import { eventsOf, PANEL, panelOf } from './panel.ts'
import type { FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

/** A world whose pictures are drawn one by one, when the test says so. */
async function slowFixture(options: FixtureOptions = {}) {
  const waiting: (() => void)[] = []
  const generateImage = () =>
    new Promise<undefined>((resolve) => void waiting.push(() => resolve(undefined)))
  const made = await createFixture({ generateImage, ...options })
  const drawNext = async () => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0)
    waiting.shift()?.()
  }
  return { made, drawNext, ada: panelOf(made) }
}

async function collect(answer: Response): Promise<PanelEvent[]> {
  const events: PanelEvent[] = []
  for await (const event of eventsOf(answer)) events.push(event)
  return events
}

const untilTask = async (
  events: AsyncGenerator<PanelEvent>,
  isIt: (task: ImageTaskDetail) => boolean,
) => {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    if (next.value.event === 'task' && isIt(next.value.task)) return next.value.task
  }
  throw new Error('the stream ended before')
}

test('a task is followed whole: its place, its start, partial and stored pictures, its price, its end', async () => {
  const { made, drawNext, ada } = await slowFixture({ runner: false })
  const ahead = await ada.generateImage()
  const { id } = await ada.generateImage({ n: 2, partial_images: 1 })
  const answer = await ada.ask(`${PANEL}/${id}/events`)
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  const events = eventsOf(answer)
  const first = await untilTask(events, () => true)
  expect(first).toMatchObject({ state: 'queued', position: 2, held_micro: '2000000' })
  await ada.behaviour(ahead.id, 'cancel')
  await untilTask(events, ({ position }) => position === 1)
  await made.startRunner()
  await untilTask(events, ({ state, position }) => state === 'running' && position === null)
  await drawNext()
  const half = await untilTask(events, ({ pictures }) => pictures[0]?.state === 'stored')
  expect(half.pictures[1]?.state).toBe('generating')
  await drawNext()
  const rest: PanelEvent[] = []
  for await (const event of events) rest.push(event)
  const last = rest.at(-1)
  expect([last?.event, last?.id, last?.task]).toEqual(['end', 'end', { state: 'done' }])
  expect(rest.at(-2)?.task).toEqual(await ada.read(id))
  expect(rest.at(-2)?.task).toMatchObject({ state: 'done', charged_micro: '2000000' })
})

test('a partial picture is shown while its picture is drawn, and to its owner alone', async () => {
  const { made, ada } = await slowFixture()
  const { id } = await ada.generateImage({ partial_images: 2 })
  const events = eventsOf(await ada.ask(`${PANEL}/${id}/events`))
  await untilTask(events, ({ pictures }) => pictures[0]?.state === 'generating')
  const held = await made.jobs.load(id)
  assert(held, 'the job is there')
  const bytes = Buffer.from('a partial picture')
  const facts = {
    width: 64,
    height: 64,
    quality: 'low',
    background: 'opaque',
    format: 'webp',
  } as const
  for (const partialIndex of [0, 1]) {
    const blobKey = partialKey(id, 0, partialIndex)
    await made.blobs.put(blobKey, bytes, { contentType: 'image/webp', bytesMax: 100 })
    const move = { type: 'partial', index: 0, partialIndex, blobKey, facts } as const
    const now = new Date()
    const moved = await made.jobs.write({ held, moves: [move], now })
    assert(moved !== 'lost', 'the claim is held')
    for (const event of moved.events) await made.bus.announce('image-job-event', event)
  }
  const path = `${PANEL}/${id}/partials/0/1`
  const task = await untilTask(events, ({ pictures }) => pictures[0]?.partial_url === path)
  expect(task.pictures[0]?.state).toBe('generating')
  const answer = await ada.ask(path)
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'image/webp',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': expect.stringMatching(/^private,/),
  })
  for (const [token, wrong] of [
    ['at-bob', path],
    ['at-ada', `${PANEL}/${id}/partials/0/2`],
    ['at-ada', `${PANEL}/${id}/partials/9/0`],
    ['at-ada', `${PANEL}/${id}/partials/10/0`],
    ['at-ada', `${PANEL}/${id}/partials/0/..`],
  ] as const)
    expect([wrong, (await panelOf(made, token).ask(wrong)).status]).toEqual([wrong, 404])
  const [shown] = (await panelOf(made, 'at-root').json('/api/admin/images')).body.items
  expect(shown?.pictures[0]?.partial_url).toBeNull()
  await events.return()
})

test('bytes that claim to be no picture are offered for download, never shown', async () => {
  const { made, ada } = await slowFixture({ runner: false })
  const { id } = await ada.generateImage()
  const html = Buffer.from('<script>alert(1)</script>')
  await made.blobs.put(partialKey(id, 0, 0), html, { contentType: 'text/html', bytesMax: 100 })
  const answer = await ada.ask(`${PANEL}/${id}/partials/0/0`)
  expect(answer.headers.get('content-type')).toBe('application/octet-stream')
  expect(answer.headers.get('content-disposition')).toBe('attachment')
  await answer.arrayBuffer()
})

test('who comes after the end gets the task and the end, and an EventSource is then sent away', async () => {
  const made = await createFixture()
  const ada = panelOf(made)
  const { id } = await ada.generateImage()
  await ada.until(id, 'done')
  const events = await collect(await ada.ask(`${PANEL}/${id}/events`))
  expect(events.map(({ event }) => event).at(-1)).toBe('end')
  expect(events[0]?.task).toMatchObject({ id, state: 'done', pictures: [{ state: 'stored' }] })
  const lastId = events.findLast((event) => event.id !== undefined)?.id ?? ''
  const headers = { 'last-event-id': lastId }
  const again = await ada.ask(`${PANEL}/${id}/events`, { headers })
  expect([again.status, await again.text()]).toEqual([204, ''])
})

test('a cancelled task ends its followers', async () => {
  const made = await createFixture({ runner: false })
  const ada = panelOf(made)
  const { id } = await ada.generateImage()
  const followed = ada.ask(`${PANEL}/${id}/events`).then(collect)
  await expect.poll(() => made.hub.size).toBe(1)
  await ada.behaviour(id, 'cancel')
  await made.ledger.billing.voidHold({ ref: id, reason: 'cancelled' })
  const events = await followed
  expect(events.at(-2)?.task).toMatchObject({ state: 'cancelled', charged_micro: '0' })
  expect(events.at(-1)?.task).toEqual({ state: 'cancelled' })
  expect(made.hub.size).toBe(0)
})

test('many changes at once are told as few; nothing that is the same is told twice', async () => {
  const made = await createFixture()
  const ada = panelOf(made)
  const { id } = await ada.generateImage({ n: 10, partial_images: 3 })
  const events = await collect(await ada.ask(`${PANEL}/${id}/events`))
  const tasks = events
    .filter(({ event }) => event === 'task')
    .map(({ task }) => JSON.stringify(task))
  expect(new Set(tasks).size).toBe(tasks.length)
  // 10 starts, 30 partial and 10 whole pictures in less than a second or two.
  expect(tasks.length).toBeLessThan(40)
})

test('the stream ends with the session that opened it', async () => {
  const made = await createFixture({ runner: false })
  const ada = panelOf(made)
  const { id } = await ada.generateImage()
  const events = eventsOf(await ada.ask(`${PANEL}/${id}/events`))
  await untilTask(events, () => true)
  made.sessions.delete('at-ada')
  const endsAt = performance.now() + 5_000
  const rest: PanelEvent[] = []
  for await (const event of events) rest.push(event)
  expect(performance.now()).toBeLessThan(endsAt)
  expect(rest.map(({ event }) => event)).not.toContain('end')
  await expect.poll(() => made.hub.size).toBe(0)
})

test('a process that stops ends the stream without an end, so that the reader comes back', async () => {
  const made = await createFixture({ runner: false })
  const ada = panelOf(made)
  const { id } = await ada.generateImage()
  const events = eventsOf(await ada.ask(`${PANEL}/${id}/events`))
  await untilTask(events, () => true)
  made.draining.abort()
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('who leaves is not followed any longer, and the job goes on', async () => {
  const { made, drawNext, ada } = await slowFixture()
  const { id } = await ada.generateImage()
  const leave = new AbortController()
  const events = eventsOf(await ada.ask(`${PANEL}/${id}/events`, { signal: leave.signal }))
  await untilTask(events, () => true)
  leave.abort()
  await expect.poll(() => made.hub.size).toBe(0)
  await drawNext()
  await ada.until(id, 'done')
})

test('nobody opens streams without end, and each that is closed makes room for another', async () => {
  const made = await createFixture({ runner: false })
  const [ada, bob] = [panelOf(made), panelOf(made, 'at-bob')]
  const { id } = await ada.generateImage()
  const leave = new AbortController()
  const follow = () => ada.ask(`${PANEL}/${id}/events`, { signal: leave.signal })
  const open = await Promise.all(Array.from({ length: STREAMS_EACH_MAX }, follow))
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]))
  const refused = await ada.json(`${PANEL}/${id}/events`)
  expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
  expect(refused.headers.get('retry-after')).toBe('5')
  const other = await bob.generateImage()
  const bobs = eventsOf(await bob.ask(`${PANEL}/${other.id}/events`))
  await untilTask(bobs, () => true)
  leave.abort()
  await expect.poll(() => made.hub.size).toBe(1)
  const again = eventsOf(await ada.ask(`${PANEL}/${id}/events`))
  await untilTask(again, () => true)
})

test('events are for GET; HEAD would wait for nothing', async () => {
  const made = await createFixture({ runner: false })
  const ada = panelOf(made)
  const { id } = await ada.generateImage()
  expect((await ada.ask(`${PANEL}/${id}/events`, { method: 'HEAD' })).status).toBe(405)
})
