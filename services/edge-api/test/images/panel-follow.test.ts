import type { ImageTaskDetail } from '@sluice/contracts/control/images'
import { partialKey } from '@sluice/jobs/blob-keys'
import { assert } from '@sluice/kernel/assert'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { expect, test } from 'vitest'

import { STREAMS_EACH_MAX } from '../../src/http/stream-limit.ts'
import type { PanelEvent } from './panel.ts'
import { eventsOf, PANEL, panelOf } from './panel.ts'
import type { FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

/** A fixture that generates one picture per call of `generateNext`. */
async function slowFixture(options: FixtureOptions = {}) {
  const waiting: (() => void)[] = []
  const generateImage = () =>
    new Promise<undefined>((resolve) => void waiting.push(() => resolve(undefined)))
  const fixture = await createFixture({ generateImage, ...options })
  const generateNext = async () => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0)
    waiting.shift()?.()
  }
  return { fixture, generateNext, ada: panelOf(fixture) }
}

async function collect(answer: Response): Promise<PanelEvent[]> {
  const events: PanelEvent[] = []
  for await (const event of eventsOf(answer)) events.push(event)
  return events
}

const untilTask = async (
  events: AsyncGenerator<PanelEvent>,
  isExpected: (task: ImageTaskDetail) => boolean,
) => {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    if (next.value.event === 'task' && isExpected(next.value.task)) return next.value.task
  }
  throw new Error('the stream ended before the expected task')
}

/**
 * A clock whose wall time begins with a quarter of an hour: signed links expire at the end of one, and links of
 * the same picture are compared.
 */
function clockFromQuarter(): Clock {
  const offsetMs = Date.parse('2026-11-21T12:15:00Z') - systemClock.monotonicMs()
  const nowMs = () => systemClock.monotonicMs() + offsetMs
  return { ...systemClock, nowMs, now: () => new Date(nowMs()) }
}

test('a stream shows a task’s position, start, partial and stored pictures, price and end', async () => {
  const { fixture, generateNext, ada } = await slowFixture({
    runner: false,
    clock: clockFromQuarter(),
  })
  const ahead = await ada.generateImage()
  const { id } = await ada.generateImage({ n: 2, partial_images: 1 })
  const answer = await ada.request(`${PANEL}/${id}/events`)
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  const events = eventsOf(answer)
  const first = await untilTask(events, () => true)
  expect(first).toMatchObject({ state: 'queued', position: 2, held_micro: '2000000' })
  await ada.postAction(ahead.id, 'cancel')
  await untilTask(events, ({ position }) => position === 1)
  await fixture.startRunner()
  await untilTask(events, ({ state, position }) => state === 'running' && position === null)
  await generateNext()
  const half = await untilTask(events, ({ pictures }) => pictures[0]?.state === 'stored')
  expect(half.pictures[1]?.state).toBe('generating')
  await generateNext()
  const rest: PanelEvent[] = []
  for await (const event of events) rest.push(event)
  const last = rest.at(-1)
  expect([last?.event, last?.id, last?.task]).toEqual(['end', 'end', { state: 'done' }])
  expect(rest.at(-2)?.task).toEqual(await ada.read(id))
  expect(rest.at(-2)?.task).toMatchObject({ state: 'done', charged_micro: '2000000' })
})

test('a partial picture is available during generation, and to its owner only', async () => {
  const { fixture, ada } = await slowFixture()
  const { id } = await ada.generateImage({ partial_images: 2 })
  const events = eventsOf(await ada.request(`${PANEL}/${id}/events`))
  await untilTask(events, ({ pictures }) => pictures[0]?.state === 'generating')
  const held = await fixture.jobs.load(id)
  assert(held, 'the job exists')
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
    await fixture.blobs.put(blobKey, bytes, { contentType: 'image/webp', bytesMax: 100 })
    const move = { type: 'partial', index: 0, partialIndex, blobKey, facts } as const
    const now = new Date()
    const transition = await fixture.jobs.write({ held, moves: [move], now })
    assert(transition !== 'lost', 'the claim is held')
    for (const event of transition.events) await fixture.bus.announce('image-job-event', event)
  }
  const path = `${PANEL}/${id}/partials/0/1`
  const task = await untilTask(events, ({ pictures }) => pictures[0]?.partial_url === path)
  expect(task.pictures[0]?.state).toBe('generating')
  const answer = await ada.request(path)
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
    expect([wrong, (await panelOf(fixture, token).request(wrong)).status]).toEqual([wrong, 404])
  const [shown] = (await panelOf(fixture, 'at-root').json('/api/admin/images')).body.items
  expect(shown?.pictures[0]?.partial_url).toBeNull()
  await events.return()
})

test('a blob that is not an image is served as an attachment', async () => {
  const { fixture, ada } = await slowFixture({ runner: false })
  const { id } = await ada.generateImage()
  const html = Buffer.from('<script>alert(1)</script>')
  await fixture.blobs.put(partialKey(id, 0, 0), html, { contentType: 'text/html', bytesMax: 100 })
  const answer = await ada.request(`${PANEL}/${id}/partials/0/0`)
  expect(answer.headers.get('content-type')).toBe('application/octet-stream')
  expect(answer.headers.get('content-disposition')).toBe('attachment')
  await answer.arrayBuffer()
})

test('a stream after the end sends the task and the end, and a reconnect gets 204', async () => {
  const fixture = await createFixture()
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  await ada.until(id, 'done')
  const events = await collect(await ada.request(`${PANEL}/${id}/events`))
  expect(events.map(({ event }) => event).at(-1)).toBe('end')
  expect(events[0]?.task).toMatchObject({ id, state: 'done', pictures: [{ state: 'stored' }] })
  const lastId = events.findLast((event) => event.id !== undefined)?.id ?? ''
  const headers = { 'last-event-id': lastId }
  const again = await ada.request(`${PANEL}/${id}/events`, { headers })
  expect([again.status, await again.text()]).toEqual([204, ''])
})

test('a cancelled task ends its streams', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  const followed = ada.request(`${PANEL}/${id}/events`).then(collect)
  await expect.poll(() => fixture.hub.size).toBe(1)
  await ada.postAction(id, 'cancel')
  await fixture.ledger.billing.voidHold({ ref: id, reason: 'cancelled' })
  const events = await followed
  expect(events.at(-2)?.task).toMatchObject({ state: 'cancelled', charged_micro: '0' })
  expect(events.at(-1)?.task).toEqual({ state: 'cancelled' })
  expect(fixture.hub.size).toBe(0)
})

test('changes are coalesced, and no state is sent twice', async () => {
  const fixture = await createFixture()
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage({ n: 10, partial_images: 3 })
  const events = await collect(await ada.request(`${PANEL}/${id}/events`))
  const tasks = events
    .filter(({ event }) => event === 'task')
    .map(({ task }) => JSON.stringify(task))
  expect(new Set(tasks).size).toBe(tasks.length)
  // 10 starts, 30 partial and 10 stored pictures within a second or two.
  expect(tasks.length).toBeLessThan(40)
})

test('the stream ends with the session that opened it', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  const events = eventsOf(await ada.request(`${PANEL}/${id}/events`))
  await untilTask(events, () => true)
  fixture.sessions.delete('at-ada')
  const endsAt = performance.now() + 5_000
  const rest: PanelEvent[] = []
  for await (const event of events) rest.push(event)
  expect(performance.now()).toBeLessThan(endsAt)
  expect(rest.map(({ event }) => event)).not.toContain('end')
  await expect.poll(() => fixture.hub.size).toBe(0)
})

test('a shutdown closes the stream without an end event, so that the client reconnects', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  const events = eventsOf(await ada.request(`${PANEL}/${id}/events`))
  await untilTask(events, () => true)
  fixture.draining.abort()
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('a disconnect ends the stream, and the job continues', async () => {
  const { fixture, generateNext, ada } = await slowFixture()
  const { id } = await ada.generateImage()
  const leave = new AbortController()
  const events = eventsOf(await ada.request(`${PANEL}/${id}/events`, { signal: leave.signal }))
  await untilTask(events, () => true)
  leave.abort()
  await expect.poll(() => fixture.hub.size).toBe(0)
  await generateNext()
  await ada.until(id, 'done')
})

test('streams are limited per user, and a closed stream frees its slot', async () => {
  const fixture = await createFixture({ runner: false })
  const [ada, bob] = [panelOf(fixture), panelOf(fixture, 'at-bob')]
  const { id } = await ada.generateImage()
  const leave = new AbortController()
  const follow = () => ada.request(`${PANEL}/${id}/events`, { signal: leave.signal })
  const open = await Promise.all(Array.from({ length: STREAMS_EACH_MAX }, follow))
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]))
  const refused = await ada.json(`${PANEL}/${id}/events`)
  expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
  expect(refused.headers.get('retry-after')).toBe('5')
  const other = await bob.generateImage()
  const bobs = eventsOf(await bob.request(`${PANEL}/${other.id}/events`))
  await untilTask(bobs, () => true)
  leave.abort()
  await expect.poll(() => fixture.hub.size).toBe(1)
  const again = eventsOf(await ada.request(`${PANEL}/${id}/events`))
  await untilTask(again, () => true)
})

test('events answer GET only, not HEAD', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  expect((await ada.request(`${PANEL}/${id}/events`, { method: 'HEAD' })).status).toBe(405)
})
