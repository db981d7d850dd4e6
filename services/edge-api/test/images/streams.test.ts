import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import { advanceUntil } from './advance-until.ts'
import { createFixture } from './fixture.ts'

const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const GENERATIONS = '/v1/images/generations'

test('a stream has the partial pictures in order and then the final one, readable by SDKs', async () => {
  const { sdk, records } = await createFixture()
  const stream = await sdk().images.generate({
    ...imageRequest,
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

test('a stream of several pictures completes each and names the missing one', async () => {
  const generateImage = async ({ index }: { index: number }) =>
    index === 0 ? { code: 'upstream_failed', message: 'lost' } : undefined
  const { post } = await createFixture({ generateImage })
  const answer = await post(GENERATIONS, {
    ...imageRequest,
    n: 2,
    stream: true,
    response_format: 'url',
  })
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const blocks = (await answer.text()).split('\n\n').filter((block) => block !== '')
  expect(blocks.map((block) => /^event: (.*)$/m.exec(block)?.[1])).toEqual([
    'image_generation.missing',
    'image_generation.completed',
  ])
  expect(blocks[1]).toContain('"url":"https://sluice.example/p/img/')
})

test('a failed stream has an error object that SDKs throw', async () => {
  const generateImage = async () => ({ code: 'content_policy_violation', message: 'Not this.' })
  const { sdk } = await createFixture({ generateImage })
  const stream = await sdk().images.generate({ ...imageRequest, quality: 'low', stream: true })
  const read = async () => {
    for await (const event of stream) expect(event).toBeUndefined()
  }
  await expect(read()).rejects.toMatchObject({ code: 'content_policy_violation' })
})

test('a silent stream has a keep-alive comment every ten seconds', async () => {
  const clock = fakeClock()
  const { post, startRunner } = await createFixture({ runner: false, clock })
  const answer = await post(GENERATIONS, { ...imageRequest, stream: true })
  const reader = answer.body?.getReader()
  const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
  await clock.advance(10_000)
  expect(await read()).toBe(': keep-alive\n\n')
  await clock.advance(10_000)
  expect(await read()).toBe(': keep-alive\n\n')
  await startRunner()
  await advanceUntil(clock, async () => (await read()).includes('image_generation.completed'))
})
