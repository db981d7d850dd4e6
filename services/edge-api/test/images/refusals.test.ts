import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { AppError } from '@sluice/kernel/app-error'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test } from 'vitest'

import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox' }
const MIB = 1024 * 1024
const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
  .png()
  .toBuffer()

test('a refusal names its parameter and leaves no job, hold or blob', async () => {
  const cases: [Record<string, unknown>, number, string, string][] = [
    [{ model: 'gpt-image-2' }, 400, 'missing_required_parameter', 'prompt'],
    [{ ...imageRequest, prompt: ' ' }, 400, 'invalid_value', 'prompt'],
    [{ ...imageRequest, n: 11 }, 400, 'invalid_value', 'n'],
    [{ ...imageRequest, size: '17x17' }, 400, 'invalid_value', 'size'],
    [{ ...imageRequest, quality: 'best' }, 400, 'invalid_value', 'quality'],
    [{ ...imageRequest, output_format: 'gif' }, 400, 'unsupported_parameter', 'output_format'],
    [{ ...imageRequest, stream: true, async: true }, 400, 'invalid_value', 'async'],
    [{ ...imageRequest, model: 'gpt-4o' }, 400, 'unsupported_parameter', 'model'],
    [{ ...imageRequest, model: 'dall-e-3' }, 404, 'model_not_found', 'model'],
    [{ ...imageRequest, reference_images: 'AAAA' }, 400, 'invalid_image', 'reference_images'],
    [
      { ...imageRequest, reference_images: ['file:///etc/passwd'] },
      400,
      'invalid_value',
      'reference_images[0]',
    ],
    [
      { ...imageRequest, reference_images: Array(5).fill('AAAA') },
      400,
      'invalid_value',
      'reference_images',
    ],
    // The first one is already stored when the second proves invalid.
    [
      { ...imageRequest, reference_images: [png.toString('base64'), 'AAAA'] },
      400,
      'invalid_image',
      'reference_images[1]',
    ],
  ]
  const { post, leftovers, records } = await createFixture()
  for (const [body, status, code, param] of cases) {
    const answer = await post(GENERATIONS, body)
    const { error } = await jsonOf(answer)
    expect([answer.status, error.code, error.param]).toEqual([status, code, param])
    expect(error).toMatchObject({ type: 'invalid_request_error', message: expect.any(String) })
  }
  expect(await leftovers()).toEqual([])
  expect(records.map(({ status }) => status)).toEqual(cases.map(([, status]) => status))
  expect(records.filter(({ taskId }) => taskId !== null)).toEqual([])
})

describe('an unreadable body is refused', () => {
  const json = { 'content-type': 'application/json' }
  test.each<[string, string, Record<string, string>, number, string]>([
    ['invalid JSON', '{"model":', json, 400, 'invalid_json'],
    ['a list', '[]', json, 400, 'invalid_json'],
    ['null', 'null', json, 400, 'invalid_json'],
    ['empty', '', json, 400, 'invalid_json'],
    [
      'a form',
      'model=x',
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'unsupported_media_type',
    ],
    ['gzip', 'x', { ...json, 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    ['too large', 'x'.repeat(2_000), json, 413, 'body_too_large'],
  ])('%s', async (_, body, headers, status, code) => {
    const { call, leftovers } = await createFixture({ config: { bodyBytesMax: 1_000 } })
    const answer = await call(GENERATIONS, { method: 'POST', body, headers })
    expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([status, code])
    expect(await leftovers()).toEqual([])
  })
})

test('a body without a content-length is refused at the size limit', async () => {
  const { call } = await createFixture({ config: { bodyBytesMax: MIB } })
  const answer = await call(GENERATIONS, {
    method: 'POST',
    body: new Blob([Buffer.alloc(4 * MIB, ' ')]).stream(),
    duplex: 'half',
    headers: { 'content-type': 'application/json' },
  }).catch(() => undefined)
  expect(answer?.status ?? 413).toBe(413)
})

test('a 402 names the required and the available credits', async () => {
  const { post, leftovers, ledger } = await createFixture({ balanceMicro: 1_500_000n })
  const answer = await post(GENERATIONS, { ...imageRequest, quality: 'low', size: '64x64', n: 2 })
  expect(answer.status).toBe(402)
  expect(answer.headers.get('x-should-retry')).toBe('false')
  expect(await answer.json()).toMatchObject({
    error: {
      type: 'insufficient_quota',
      code: 'insufficient_credit',
      required_credits: '2',
      available_credits: '1.5',
    },
  })
  expect(ledger.availableMicro()).toBe(1_500_000n)
  expect(await leftovers()).toEqual([])
})

test('a key that may not use the model gets the same error as for an unknown model', async () => {
  const { post } = await createFixture()
  const [narrow, unknown] = [
    await jsonOf(await post(GENERATIONS, imageRequest, { key: 'sk-narrow' })),
    await jsonOf(await post(GENERATIONS, { ...imageRequest, model: 'unknown-model' })),
  ]
  expect(narrow.error.code).toBe('model_not_found')
  expect(narrow.error.message).toBe(unknown.error.message.replace('unknown-model', 'gpt-image-2'))
})

test('without a valid key nothing is stored', async () => {
  const { post, leftovers } = await createFixture()
  expect((await post(GENERATIONS, imageRequest, { key: 'sk-wrong' })).status).toBe(401)
  expect(await leftovers()).toEqual([])
})

test('a job that was certainly not stored voids its hold and removes its pictures', async () => {
  const { post, leftovers, ledger } = await createFixture({
    override: ({ jobs }) => ({
      jobs: { ...jobs, submit: () => Promise.reject(new AppError('unavailable', 'unavailable')) },
    }),
  })
  const body = { ...imageRequest, reference_images: [png.toString('base64')] }
  expect((await post(GENERATIONS, body)).status).toBe(503)
  expect(ledger.availableMicro()).toBe(100_000_000n)
  expect([...ledger.holds.values()]).toMatchObject([{ state: 'voided' }])
  expect((await leftovers()).filter((name) => name.startsWith('jobs/'))).toEqual([])
})

test('a job whose commit was not confirmed is found and generated with its pictures', async () => {
  const { post, ledger } = await createFixture({
    override: ({ jobs }) => ({
      jobs: {
        ...jobs,
        submit: async (job, now) => {
          await jobs.submit(job, now)
          throw new Error('connection lost')
        },
      },
    }),
  })
  const body = {
    ...imageRequest,
    size: '64x64',
    quality: 'low',
    reference_images: [png.toString('base64')],
  }
  expect((await post(GENERATIONS, body)).status).toBe(200)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
})

test('a job in an unknown state keeps its hold and its pictures', async () => {
  const { post, blobs, ledger } = await createFixture({
    runner: false,
    override: ({ jobs }) => ({
      jobs: {
        ...jobs,
        submit: () => Promise.reject(new Error('connection lost')),
        read: () => Promise.reject(new Error('connection lost')),
      },
    }),
  })
  const body = { ...imageRequest, reference_images: [png.toString('base64')] }
  expect((await post(GENERATIONS, body)).status).toBe(503)
  expect([...ledger.holds.values()]).toMatchObject([{ state: 'open' }])
  expect(await blobs.list('', { limit: 9 })).toHaveLength(1)
})

describe('references by URL', () => {
  const served: Record<string, [number, string, Uint8Array]> = {
    '/a.png': [200, 'image/png', png],
    '/unlabelled': [200, 'application/octet-stream', png],
    '/page': [200, 'text/html', Buffer.from('<html>')],
    '/lie.png': [200, 'image/png', Buffer.from('<html>')],
    '/gone': [404, 'image/png', png],
    '/large.png': [200, 'image/png', Buffer.concat([png, Buffer.alloc(21 * MIB)])],
  }

  async function origin() {
    const server = createServer((incoming, outgoing) => {
      const [status, type, body] = served[incoming.url ?? ''] ?? [
        404,
        'text/plain',
        Buffer.alloc(0),
      ]
      outgoing.writeHead(status, { 'content-type': type }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test('are fetched through the guard and stored for the runner', async () => {
    const host = await origin()
    const kinds: string[] = []
    const { post } = await createFixture({
      allowPrivate: [host],
      generateImage: async ({ request, read }) => {
        const bytes = await read(request.images[0]?.blobKey ?? '')
        kinds.push(`${request.kind} ${request.images.length} ${bytes?.length}`)
        return undefined
      },
    })
    const data = `data:image/png;base64,${png.toString('base64')}`
    const reference_images = [`http://${host}/a.png`, data, { url: `http://${host}/unlabelled` }]
    expect((await post(GENERATIONS, { ...imageRequest, reference_images })).status).toBe(200)
    expect(kinds).toEqual([`edit 3 ${png.length}`])
  })

  test('that cannot be used are named in the error, and nothing is stored', async () => {
    const host = await origin()
    const { post, leftovers } = await createFixture({ allowPrivate: [host] })
    const good = `http://${host}/a.png`
    const bad: [string, string][] = [
      [`http://${host}/page`, 'invalid_image'],
      [`http://${host}/lie.png`, 'invalid_image'],
      [`http://${host}/gone`, 'invalid_value'],
      [`http://${host}/large.png`, 'invalid_value'],
      ['http://127.0.0.1:9/a.png', 'invalid_value'],
      ['http://169.254.169.254/latest', 'invalid_value'],
      ['http://localhost/a.png', 'invalid_value'],
      ['http://[::1]/a.png', 'invalid_value'],
      ['http://user:pass@example.com/a.png', 'invalid_value'],
    ]
    for (const [url, code] of bad) {
      const answer = await post(GENERATIONS, { ...imageRequest, reference_images: [good, url] })
      const { error } = await jsonOf(answer)
      const expected = [url, 400, code, 'reference_images[1]']
      expect([url, answer.status, error.code, error.param]).toEqual(expected)
    }
    expect(await leftovers()).toEqual([])
  })
})

test('a reference above 20 MiB is refused before it is decoded', async () => {
  const { post, leftovers } = await createFixture({ config: { bodyBytesMax: 64 * MIB } })
  const large = Buffer.concat([png, Buffer.alloc(22 * MIB)]).toString('base64')
  const answer = await post(GENERATIONS, { ...imageRequest, reference_images: [large] })
  expect([answer.status, (await jsonOf(answer)).error.param]).toEqual([413, 'reference_images[0]'])
  expect(await leftovers()).toEqual([])
})
