import sharp from 'sharp'
import { expect, test } from 'vitest'

import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

const pngOf = (background: string) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer()

test('ten parallel requests with one Idempotency-Key are one job, one charge and ten equal answers', async () => {
  let generated = 0
  const { post, ledger } = await createFixture({
    generateImage: async () => {
      generated += 1
      return undefined
    },
  })
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () =>
      jsonOf(await post(GENERATIONS, imageRequest, withKey('ten'))),
    ),
  )
  expect(new Set(answers.map(({ sluice }) => sluice.task_id)).size).toBe(1)
  expect(new Set(answers.map(({ data }) => data[0]?.b64_json)).size).toBe(1)
  expect(generated).toBe(1)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
})

test('a repeat in any response mode joins the job, also after its end', async () => {
  const { post, ledger, records } = await createFixture()
  const first = await jsonOf(await post(GENERATIONS, imageRequest, withKey('modes')))
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
  const { task_id } = first.sluice
  const task = await jsonOf(
    await post(GENERATIONS, { ...imageRequest, async: true }, withKey('modes')),
  )
  expect([task.id, task.status]).toEqual([task_id, 'done'])
  const streamed = await post(
    GENERATIONS,
    { ...imageRequest, stream: true, partial_images: 2 },
    withKey('modes'),
  )
  const text = await streamed.text()
  expect(text).toContain('event: image_generation.completed')
  expect(text).toContain(task_id)
  const again = await jsonOf(
    await post(GENERATIONS, { ...imageRequest, n: null, user: '' }, withKey('modes')),
  )
  // Links are not compared: they are signed again for each answer.
  expect(again.data[0]?.b64_json).toBe(first.data[0]?.b64_json)
  expect(ledger.availableMicro()).toBe(99_000_000n)
  expect(records.map(({ amountMicro }) => amountMicro)).toEqual([1_000_000n, 0n, 0n, 0n])
})

test('the same key with any other body is an uncharged conflict', async () => {
  const { post, ledger, blobs } = await createFixture()
  const reference_images = [(await pngOf('#ff0000')).toString('base64')]
  const body = { ...imageRequest, reference_images, seed: 1 }
  expect((await post(GENERATIONS, body, withKey('other'))).status).toBe(200)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
  const stored = await blobs.list('', { limit: 99 })
  const others = [
    { ...body, prompt: 'a blue fox' },
    { ...body, n: 2 },
    { ...body, seed: 2 },
    { ...body, model: 'gpt-image-1.5', size: '1024x1024' },
    { ...body, reference_images: [(await pngOf('#00ff00')).toString('base64')] },
    imageRequest,
  ]
  for (const other of others) {
    const answer = await post(GENERATIONS, other, withKey('other'))
    const { error } = await jsonOf(answer)
    expect([answer.status, error.code, error.param]).toEqual([
      422,
      'idempotency_conflict',
      'Idempotency-Key',
    ])
  }
  expect(ledger.availableMicro()).toBe(99_000_000n)
  // The pictures of the existing job stay, those of the refused requests are removed.
  expect(await blobs.list('', { limit: 99 })).toEqual(stored)
})

test('a smaller hold with the same Idempotency-Key never pays for a larger request', async () => {
  const { post, jobs, startRunner, ledger } = await createFixture({ runner: false })
  const one = post(GENERATIONS, { ...imageRequest, async: true }, withKey('race'))
  const ten = post(GENERATIONS, { ...imageRequest, n: 10, async: true }, withKey('race'))
  const statuses = (await Promise.all([one, ten])).map(({ status }) => status).sort()
  expect(statuses).toEqual([202, 422])
  const [job] = jobs.outbox().map((name) => name.split(' ')[1] ?? '')
  const { request } = (await jobs.read(job ?? '')) ?? {}
  expect(ledger.holds.get(job ?? '')?.amountMicro).toBe(BigInt(request?.count ?? 0) * 1_000_000n)
  await startRunner()
  await expect.poll(() => ledger.holds.get(job ?? '')?.state).toBe('captured')
})

test('a key whose hold was voided without a job gets a new job, which repeats join', async () => {
  const { post, ledger } = await createFixture({
    override: ({ jobs }) => {
      let broken = true
      const submit: typeof jobs.submit = async (job, now) => {
        if (!broken) return jobs.submit(job, now)
        broken = false
        throw new Error('database unavailable')
      }
      return { jobs: { ...jobs, submit } }
    },
  })
  expect((await post(GENERATIONS, imageRequest, withKey('again'))).status).toBe(500)
  const second = await jsonOf(await post(GENERATIONS, imageRequest, withKey('again')))
  const third = await jsonOf(await post(GENERATIONS, imageRequest, withKey('again')))
  expect(third.sluice.task_id).toBe(second.sluice.task_id)
  expect([...ledger.holds.values()].map(({ state }) => state)).toEqual(['voided', 'captured'])
})

test('a refused request does not consume its Idempotency-Key', async () => {
  const { post } = await createFixture()
  expect((await post(GENERATIONS, { ...imageRequest, n: 0 }, withKey('free'))).status).toBe(400)
  expect((await post(GENERATIONS, imageRequest, withKey('free'))).status).toBe(200)
})

test('Idempotency-Keys are scoped to the caller and the route', async () => {
  const { post } = await createFixture()
  const image = (await pngOf('#123456')).toString('base64')
  const ids = [
    await post(GENERATIONS, { ...imageRequest, async: true }, withKey('mine')),
    await post(
      GENERATIONS,
      { ...imageRequest, async: true },
      { key: 'sk-one-too', ...withKey('mine') },
    ),
    await post(
      GENERATIONS,
      { ...imageRequest, async: true },
      { key: 'sk-other', ...withKey('mine') },
    ),
    await post('/v1/images/edits', { ...imageRequest, image, async: true }, withKey('mine')),
    await post(GENERATIONS, { ...imageRequest, async: true }),
    await post(GENERATIONS, { ...imageRequest, async: true }),
  ]
  const tasks = await Promise.all(ids.map(async (answer) => (await jsonOf(answer)).id))
  expect(new Set(tasks).size).toBe(6)
})

test('an Idempotency-Key that is empty, too long or not printable is refused', async () => {
  const { post } = await createFixture()
  for (const key of ['', 'x'.repeat(256), 'ké']) {
    const answer = await post(GENERATIONS, imageRequest, withKey(key))
    expect([answer.status, (await jsonOf(answer)).error.param]).toEqual([400, 'Idempotency-Key'])
  }
})
