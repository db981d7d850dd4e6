import { once } from 'node:events'
import { connect } from 'node:net'

import { expect, onTestFinished, test, vi } from 'vitest'

import { EDITS, MIB, file, form, requiredParts, png } from './form-parts.ts'
import { PANEL } from './panel.ts'
import type { Fixture } from './fixture.ts'
import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const FORM = 'multipart/form-data; boundary=----test'

interface Begun {
  path: string
  key?: string
  type?: string
  sent?: Uint8Array
}

/** Sends the head of a 19 MiB request and, if given, the first bytes of its body. */
async function begin({ port }: Fixture, { path, key = 'sk-one', type, sent }: Begun) {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      'host: a',
      `authorization: Bearer ${key}`,
      `content-type: ${type ?? 'application/json'}`,
      `content-length: ${19 * MIB}`,
      '\r\n',
    ].join('\r\n'),
  )
  if (sent) socket.write(sent)
  return { socket, received: () => received }
}

/** A form that is truncated within a picture. */
const unfinished = Buffer.concat([
  form([...requiredParts, file('image', png)]).subarray(0, -'\r\n------test--\r\n'.length),
  Buffer.alloc(2 * MIB),
])

test.each([
  [GENERATIONS, 'sk-one', undefined],
  [EDITS, 'sk-one', undefined],
  [EDITS, 'sk-one', FORM],
  [PANEL, 'at-ada', undefined],
  [PANEL, 'at-ada', FORM],
])(
  'a caller without credits is refused at %s by %s before the body is read (%s)',
  async (path, key, type) => {
    const fixture = await createFixture({ balanceMicro: 0n })
    const { received } = await begin(fixture, { path, key, ...(type && { type }) })
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 402 /))
    expect(received()).toContain('insufficient_credit')
    expect(await fixture.leftovers()).toEqual([])
  },
)

test.each([
  [EDITS, 'sk-one'],
  [PANEL, 'at-ada'],
])(
  'a caller who cannot pay the cheapest picture is refused at %s before the body is read',
  async (path, key) => {
    const fixture = await createFixture({ balanceMicro: 999_999n })
    const { received } = await begin(fixture, { path, key, type: FORM, sent: unfinished })
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 402 /))
    expect(received()).toContain('"required_credits":"1"')
    expect(await fixture.leftovers()).toEqual([])
  },
)

test('a repeat for an existing task is answered without credits', async () => {
  const fixture = await createFixture({ balanceMicro: 1_000_000n })
  const imageRequest = {
    model: 'gpt-image-2',
    prompt: 'a red fox',
    size: '64x64',
    quality: 'low',
    async: true,
  }
  const headers = { 'idempotency-key': 'once' }
  const first = await fixture.post(GENERATIONS, imageRequest, { headers })
  const again = await fixture.post(
    GENERATIONS,
    { ...imageRequest, unknown: 'x'.repeat(80_000) },
    { headers },
  )
  expect([first.status, again.status]).not.toContain(402)
})

test.each([
  ['more values', `[${'{},'.repeat(300_000)}{}]`, '200000 values'],
  ['more members', `{${Array.from({ length: 300_000 }, (_, n) => `"${n}":0`).join()}}`, '200000'],
  ['deeper nesting', '['.repeat(5_000) + ']'.repeat(5_000), '64 levels'],
])('a body with %s than the limit is refused', async (_name, value, bound) => {
  const { call } = await createFixture()
  for (const path of [GENERATIONS, EDITS]) {
    const body = `{"model":"gpt-image-2","prompt":"a fox","ignored":${value}}`
    const answer = await call(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect((await jsonOf(answer)).error).toMatchObject({
      code: 'invalid_json',
      message: expect.stringContaining(bound),
    })
  }
})

test.each([
  [EDITS, 'sk-one', 'sk-other'],
  [PANEL, 'at-ada', 'at-bob'],
])(
  'unfinished forms of one caller at %s count against its upload limit until they end',
  async (path, key, otherKey) => {
    const fixture = await createFixture({
      runner: false,
      config: { uploadPerCallerBytesMax: 3 * MIB },
    })
    const first = await begin(fixture, { path, key, type: FORM, sent: unfinished })
    await vi.waitFor(() => expect(fixture.intake.uploads.usedBytes()).toBeGreaterThan(1.9 * MIB))
    const second = await begin(fixture, { path, key, type: FORM, sent: unfinished })
    await vi.waitFor(() => expect(second.received()).toMatch(/^HTTP\/1\.1 429 /))
    expect(second.received()).toContain('rate_limit_exceeded')
    const other = await fixture.call(path, {
      method: 'POST',
      key: otherKey,
      body: form([...requiredParts, file('image', png), { name: 'async', value: 'true' }]),
      headers: { 'content-type': FORM },
    })
    expect(other.status).toBe(202)
    first.socket.destroy()
    await vi.waitFor(() => expect(fixture.intake.uploads.usedBytes()).toBe(0))
    const stored = await fixture.blobs.list('', { limit: 100 })
    expect(stored).toHaveLength(1)
  },
)

test('JSON bodies of one key use up the memory limit of that key only', async () => {
  const fixture = await createFixture({ config: { bodyMemoryPerCallerBytesMax: 3 * MIB } })
  const sent = Buffer.alloc(2 * MIB, 0x20)
  const first = await begin(fixture, { path: GENERATIONS, sent })
  await vi.waitFor(() => expect(fixture.intake.bodies.usedBytes()).toBe(2 * MIB))
  const second = await begin(fixture, { path: GENERATIONS, sent })
  await vi.waitFor(() => expect(second.received()).toMatch(/^HTTP\/1\.1 429 /))
  await begin(fixture, { path: GENERATIONS, key: 'sk-other', sent })
  await vi.waitFor(() => expect(fixture.intake.bodies.usedBytes()).toBe(4 * MIB))
  first.socket.destroy()
  await vi.waitFor(() => expect(fixture.intake.bodies.usedBytes()).toBe(2 * MIB))
})

test('the number of task streams is limited per key', async () => {
  const fixture = await createFixture({ runner: false, config: { taskStreamsPerKeyMax: 2 } })
  const imageRequest = {
    model: 'gpt-image-2',
    prompt: 'a red fox',
    size: '64x64',
    quality: 'low',
    async: true,
  }
  const { id } = await jsonOf(await fixture.post(GENERATIONS, imageRequest))
  const leave = new AbortController()
  const follow = (key?: string) =>
    fixture.call(`/v1/images/tasks/${id}/events`, { ...(key && { key }), signal: leave.signal })
  const followers = [await follow(), await follow(), await follow(), await follow('sk-one-too')]
  expect(followers.map(({ status }) => status)).toEqual([200, 200, 429, 200])
  leave.abort()
  await vi.waitFor(async () => {
    const again = await fixture.call(`/v1/images/tasks/${id}/events`)
    expect(again.status).toBe(200)
    await again.body?.cancel()
  })
})
