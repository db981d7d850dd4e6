import { systemClock } from '@sluice/kernel/clock'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import { jsonOf, world } from './world.ts'

const ask = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const GENERATIONS = '/v1/images/generations'

test('the SDK asks for a picture and gets it, with effective values and usage, paid once', async () => {
  const { sdk, ledger, records } = await world()
  const answer = await sdk().images.generate({ ...ask, quality: 'low' })
  const bytes = Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64')
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 })
  expect(answer).toMatchObject({
    created: expect.any(Number),
    size: '64x64',
    quality: 'low',
    output_format: 'png',
    background: 'opaque',
    usage: { input_tokens: 5, output_tokens: 100, total_tokens: 105 },
  })
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
  expect([...ledger.holds.values()]).toMatchObject([
    { state: 'captured', chargedMicro: 1_000_000n },
  ])
  expect(records).toMatchObject([
    {
      route: GENERATIONS,
      model: 'gpt-image-2',
      status: 200,
      amountMicro: 1_000_000n,
      streamed: false,
    },
  ])
})

test('four pictures are four, each whole, and as many are paid', async () => {
  const { sdk, ledger } = await world()
  const answer = await sdk().images.generate({
    ...ask,
    quality: 'low',
    n: 4,
    output_format: 'webp',
  })
  const formats = (answer.data ?? []).map(async ({ b64_json }) => {
    const { format } = await sharp(Buffer.from(b64_json ?? '', 'base64')).metadata()
    return format
  })
  expect(await Promise.all(formats)).toEqual(['webp', 'webp', 'webp', 'webp'])
  await expect.poll(ledger.availableMicro).toBe(96_000_000n)
})

test('an answer names its length, its request and its task', async () => {
  const { post } = await world()
  const answer = await post(GENERATIONS, ask)
  const text = await answer.text()
  expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text))
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  expect(answer.headers.get('x-sluice-task-id')).toBe(JSON.parse(text).sluice.task_id)
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('by URL the answer links the stored picture, signed for an hour', async () => {
  const { post, links } = await world()
  const answer = await post(GENERATIONS, { ...ask, response_format: 'url' })
  const { data, sluice } = await jsonOf(answer)
  const url = new URL(data[0]?.url ?? '')
  expect(url.pathname).toBe(`/p/img/${sluice.task_id}/0`)
  const exp = url.searchParams.get('exp') ?? ''
  const query = { exp, sig: url.searchParams.get('sig') ?? undefined }
  const picture = { task: sluice.task_id, index: '0' }
  expect(links.check(picture, query, systemClock.now())).toBe('valid')
  const seconds = Number(exp) - systemClock.nowMs() / 1_000
  expect(seconds).toBeGreaterThan(3_590)
  expect(seconds).toBeLessThanOrEqual(3_600)
})

test('what is there is delivered and paid for, and the answer says what is missing', async () => {
  const draw = async ({ index }: { index: number }) =>
    index === 1 ? { code: 'upstream_failed', message: 'The upstream was lost.' } : undefined
  const { post, ledger } = await world({ draw })
  const answer = await post(GENERATIONS, { ...ask, n: 3 })
  expect(answer.status).toBe(200)
  const { data, sluice } = await jsonOf(answer)
  expect(data).toHaveLength(2)
  expect(sluice).toMatchObject({
    requested: 3,
    delivered: 2,
    missing: [{ index: 1, code: 'upstream_failed' }],
  })
  await expect.poll(ledger.availableMicro).toBe(98_000_000n)
})

test('a failed job is told by its own code, costs nothing, and is not to be repeated blindly', async () => {
  const codes: [string, number, string | null][] = [
    ['content_policy_violation', 400, null],
    ['invalid_image', 400, null],
    ['upstream_failed', 502, 'false'],
    ['upstream_timeout', 504, 'false'],
    ['overloaded', 503, 'false'],
    ['a code of a later release', 502, 'false'],
  ]
  for (const [code, status, retry] of codes) {
    const draw = async () => ({ code, message: `because of ${code}` })
    const { post, ledger, records } = await world({ draw })
    const answer = await post(GENERATIONS, ask)
    expect([code, answer.status, answer.headers.get('x-should-retry')]).toEqual([
      code,
      status,
      retry,
    ])
    const { error } = await jsonOf(answer)
    expect(error).toMatchObject({ message: `because of ${code}`, task_id: expect.any(String) })
    await expect.poll(ledger.availableMicro).toBe(100_000_000n)
    expect(records).toMatchObject([{ status, amountMicro: 0n }])
  }
})

test('a stream shows partial pictures in order and then the whole one, as SDKs read it', async () => {
  const { sdk, records } = await world()
  const stream = await sdk().images.generate({
    ...ask,
    quality: 'low',
    stream: true,
    partial_images: 2,
  })
  const seen: string[] = []
  for await (const event of stream) {
    const { format } = await sharp(Buffer.from(event.b64_json, 'base64')).metadata()
    const number = event.type === 'image_generation.partial_image' ? event.partial_image_index : ''
    seen.push(`${event.type} ${number} ${format} ${event.size}`)
  }
  expect(seen).toEqual([
    'image_generation.partial_image 0 png 64x64',
    'image_generation.partial_image 1 png 64x64',
    'image_generation.completed  png 64x64',
  ])
  await expect.poll(() => records).toMatchObject([{ streamed: true, status: 200 }])
})

test('a stream of several pictures completes each and says which one is missing', async () => {
  const draw = async ({ index }: { index: number }) =>
    index === 0 ? { code: 'upstream_failed', message: 'lost' } : undefined
  const { post } = await world({ draw })
  const answer = await post(GENERATIONS, { ...ask, n: 2, stream: true, response_format: 'url' })
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const blocks = (await answer.text()).split('\n\n').filter((block) => block !== '')
  expect(blocks.map((block) => /^event: (.*)$/m.exec(block)?.[1])).toEqual([
    'image_generation.missing',
    'image_generation.completed',
  ])
  expect(blocks[1]).toContain('"url":"https://sluice.example/p/img/')
})

test('a stream that fails says so in an error object that SDKs throw', async () => {
  const draw = async () => ({ code: 'content_policy_violation', message: 'Not this.' })
  const { sdk } = await world({ draw })
  const stream = await sdk().images.generate({ ...ask, quality: 'low', stream: true })
  const read = async () => {
    for await (const event of stream) expect(event).toBeUndefined()
  }
  await expect(read()).rejects.toMatchObject({ code: 'content_policy_violation' })
})

test('a quiet stream carries a comment every ten seconds', async () => {
  const clock = fakeClock()
  const { post, startRunner } = await world({ runner: false, clock })
  const answer = await post(GENERATIONS, { ...ask, stream: true })
  const reader = answer.body?.getReader()
  const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
  await clock.advance(10_000)
  expect(await read()).toBe(': keep-alive\n\n')
  await clock.advance(10_000)
  expect(await read()).toBe(': keep-alive\n\n')
  await startRunner()
  await advanceUntil(clock, async () => (await read()).includes('image_generation.completed'))
})

test('an awaited job that takes too long is answered with its task, and goes on', async () => {
  const clock = fakeClock()
  const { post, call, startRunner, records } = await world({ runner: false, clock })
  const answered = post(GENERATIONS, ask)
  await advanceUntil(clock, async () => (await settled(answered)) !== undefined, 10_000)
  const answer = await answered
  expect(answer.status).toBe(504)
  expect(answer.headers.get('x-should-retry')).toBe('false')
  const { error } = await jsonOf(answer)
  expect(error).toMatchObject({
    code: 'sync_wait_exceeded',
    task_id: expect.stringMatching(/^img_/),
  })
  expect(records).toMatchObject([
    { status: 504, errorCode: 'sync_wait_exceeded', durationMs: 280_000 },
  ])
  await startRunner()
  await advanceUntil(clock, async () => {
    const task = await jsonOf(await call(`/v1/images/tasks/${error.task_id}`))
    return task.status === 'done'
  })
})

test('an async request is answered at once with the task to come back for', async () => {
  const { post, call, records } = await world({ runner: false })
  const answer = await post(GENERATIONS, { ...ask, async: true })
  expect(answer.status).toBe(202)
  const task = await jsonOf(answer)
  expect(task).toEqual({
    id: expect.stringMatching(/^img_/),
    task_id: task.id,
    object: 'image.task',
    status: 'queued',
    created: expect.any(Number),
  })
  expect(answer.headers.get('location')).toBe(`/v1/images/tasks/${task.id}`)
  expect((await call(`/v1/images/tasks/${task.id}`)).status).toBe(200)
  expect(records).toMatchObject([{ status: 202, errorCode: null }])
})

test('a caller who hangs up stops nothing: the picture is there, and paid once', async () => {
  const { post, jobs, call, ledger, startRunner, hub } = await world({ runner: false })
  const headers = { 'idempotency-key': 'hang-up' }
  const leave = new AbortController()
  const gone = call(GENERATIONS, {
    method: 'POST',
    body: JSON.stringify(ask),
    headers: { ...headers, 'content-type': 'application/json' },
    signal: leave.signal,
  })
  await expect.poll(() => jobs.outbox().length).toBe(1)
  leave.abort()
  await expect(gone).rejects.toThrow('abort')
  await expect.poll(() => hub.size).toBe(0)
  await startRunner()
  const again = await post(GENERATIONS, ask, { headers })
  expect(again.status).toBe(200)
  expect((await jsonOf(again)).data[0]?.b64_json.length).toBeGreaterThan(100)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
})

test('when this process stops, who waits is told where the picture will be', async () => {
  const { post, hub } = await world({ runner: false })
  const answered = post(GENERATIONS, ask)
  const streamed = post(GENERATIONS, { ...ask, stream: true })
  await expect.poll(() => hub.size).toBe(2)
  await hub.stop()
  const answer = await answered
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([504, 'false'])
  expect((await jsonOf(answer)).error.code).toBe('sync_wait_exceeded')
  expect(await (await streamed).text()).toContain('"code":"sync_wait_exceeded"')
})

test('beyond what this process bears, image requests are refused at once', async () => {
  const { post, hub, startRunner } = await world({
    runner: false,
    config: { requestsInFlightMax: 1 },
  })
  const first = post(GENERATIONS, ask)
  await expect.poll(() => hub.size).toBe(1)
  const second = await post(GENERATIONS, ask)
  expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
  await startRunner()
  expect((await first).status).toBe(200)
  expect((await post(GENERATIONS, ask)).status).toBe(200)
})

test('a stored picture that is not there is a fault of ours, not half an answer', async () => {
  const { post } = await world({
    spoil: ({ blobs }) => ({ blobs: { ...blobs, stat: async () => undefined } }),
  })
  const answer = await post(GENERATIONS, ask)
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([500, 'false'])
})

test('the database is not asked while a picture is awaited and drawn', async () => {
  const read: string[] = []
  const { post } = await world({
    spoil: ({ jobs }) => ({
      jobs: {
        ...jobs,
        read: (jobId) => (read.push('read'), jobs.read(jobId)),
        readEvents: (query) => (read.push('readEvents'), jobs.readEvents(query)),
      },
    }),
  })
  expect((await post(GENERATIONS, ask)).status).toBe(200)
  expect(read).toEqual([])
})

/** Moves time on until something is seen, because what is awaited also needs real turns of the loop. */
async function advanceUntil(clock: FakeClock, look: () => Promise<boolean>, stepMs = 1_000) {
  for (let step = 0; step < 2_000; step += 1) {
    if (await look()) return
    await clock.advance(stepMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('not seen')
}

const settled = (promise: Promise<unknown>) =>
  Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve(undefined)))])
