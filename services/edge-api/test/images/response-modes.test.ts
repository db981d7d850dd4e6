import { systemClock } from '@sluice/kernel/clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import { advanceUntil } from './advance-until.ts'
import { jsonOf, createFixture } from './fixture.ts'

const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const GENERATIONS = '/v1/images/generations'

test('an SDK request returns the picture with effective values and usage, charged once', async () => {
  const { sdk, ledger, records } = await createFixture()
  const answer = await sdk().images.generate({ ...imageRequest, quality: 'low' })
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

test('a request for four pictures returns and charges four', async () => {
  const { sdk, ledger } = await createFixture()
  const answer = await sdk().images.generate({
    ...imageRequest,
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

test('an answer has headers for its length, request and task', async () => {
  const { post } = await createFixture()
  const answer = await post(GENERATIONS, imageRequest)
  const text = await answer.text()
  expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text))
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  expect(answer.headers.get('x-sluice-task-id')).toBe(JSON.parse(text).sluice.task_id)
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('an answer by URL links the stored picture, signed for an hour', async () => {
  const { post, links } = await createFixture()
  const answer = await post(GENERATIONS, { ...imageRequest, response_format: 'url' })
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

test('a partial result is delivered and charged, and the answer names the missing pictures', async () => {
  const generateImage = async ({ index }: { index: number }) =>
    index === 1 ? { code: 'upstream_failed', message: 'The upstream was lost.' } : undefined
  const { post, ledger } = await createFixture({ generateImage })
  const answer = await post(GENERATIONS, { ...imageRequest, n: 3 })
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

test('a failed job is answered with its own code and x-should-retry, without charge', async () => {
  const codes: [string, number, string | null][] = [
    ['content_policy_violation', 400, null],
    ['invalid_image', 400, null],
    ['upstream_failed', 502, 'false'],
    ['upstream_timeout', 504, 'false'],
    ['overloaded', 503, 'false'],
    ['a code of a later release', 502, 'false'],
  ]
  for (const [code, status, retry] of codes) {
    const generateImage = async () => ({ code, message: `because of ${code}` })
    const { post, ledger, records } = await createFixture({ generateImage })
    const answer = await post(GENERATIONS, imageRequest)
    expect([code, answer.status, answer.headers.get('x-should-retry')]).toEqual([
      code,
      status,
      retry,
    ])
    const { error } = await jsonOf(answer)
    expect(error).toMatchObject({ message: `because of ${code}`, task_id: expect.any(String) })
    await expect.poll(ledger.availableMicro).toBe(100_000_000n)
    expect(records).toMatchObject([{ status, amountMicro: 0n, taskId: error.task_id }])
  }
})

test('an awaited job beyond the wait limit is answered with its task, and continues', async () => {
  const clock = fakeClock()
  const { post, call, startRunner, records } = await createFixture({ runner: false, clock })
  const answered = post(GENERATIONS, imageRequest)
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

test('an async request is answered at once with its task', async () => {
  const { post, call, records } = await createFixture({ runner: false })
  const answer = await post(GENERATIONS, { ...imageRequest, async: true })
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
  expect(records).toMatchObject([{ status: 202, errorCode: null, taskId: task.id }])
})

test('a disconnected caller does not stop the job, and gets the picture on a repeat, charged once', async () => {
  const { post, jobs, call, ledger, startRunner, hub } = await createFixture({ runner: false })
  const headers = { 'idempotency-key': 'disconnect' }
  const leave = new AbortController()
  const disconnected = call(GENERATIONS, {
    method: 'POST',
    body: JSON.stringify(imageRequest),
    headers: { ...headers, 'content-type': 'application/json' },
    signal: leave.signal,
  })
  await expect.poll(() => jobs.outbox().length).toBe(1)
  leave.abort()
  await expect(disconnected).rejects.toThrow('abort')
  await expect.poll(() => hub.size).toBe(0)
  await startRunner()
  const again = await post(GENERATIONS, imageRequest, { headers })
  expect(again.status).toBe(200)
  expect((await jsonOf(again)).data[0]?.b64_json.length).toBeGreaterThan(100)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
})

test('on shutdown, waiting callers get the task of their picture', async () => {
  const { post, hub } = await createFixture({ runner: false })
  const answered = post(GENERATIONS, imageRequest)
  const streamed = post(GENERATIONS, { ...imageRequest, stream: true })
  await expect.poll(() => hub.size).toBe(2)
  await hub.stop()
  const answer = await answered
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([504, 'false'])
  expect((await jsonOf(answer)).error.code).toBe('sync_wait_exceeded')
  expect(await (await streamed).text()).toContain('"code":"sync_wait_exceeded"')
})

test('above the concurrency limit of the process, image requests are refused at once', async () => {
  const { post, hub, startRunner } = await createFixture({
    runner: false,
    config: { requestsInFlightMax: 1 },
  })
  const first = post(GENERATIONS, imageRequest)
  await expect.poll(() => hub.size).toBe(1)
  const second = await post(GENERATIONS, imageRequest)
  expect([second.status, second.headers.get('retry-after')]).toEqual([503, '2'])
  await startRunner()
  expect((await first).status).toBe(200)
  expect((await post(GENERATIONS, imageRequest)).status).toBe(200)
})

test('a missing blob of a stored picture is an internal error, not a partial answer', async () => {
  const { post } = await createFixture({
    override: ({ blobs }) => ({ blobs: { ...blobs, stat: async () => undefined } }),
  })
  const answer = await post(GENERATIONS, imageRequest)
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([500, 'false'])
})

test('the database is not polled while a picture is awaited', async () => {
  const read: string[] = []
  const { post } = await createFixture({
    override: ({ jobs }) => ({
      jobs: {
        ...jobs,
        read: (jobId) => (read.push('read'), jobs.read(jobId)),
        readEvents: (query) => (read.push('readEvents'), jobs.readEvents(query)),
      },
    }),
  })
  expect((await post(GENERATIONS, imageRequest)).status).toBe(200)
  expect(read).toEqual([])
})

const settled = (promise: Promise<unknown>) =>
  Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve(undefined)))])
