import OpenAI, { toFile } from 'openai'
import { expect, test } from 'vitest'

import type { Part } from './form-parts.ts'
import { form, jpeg, mask, png, send } from './form-parts.ts'
import type { Fixture } from './fixture.ts'
import { jsonOf, createFixture } from './fixture.ts'

/** Requests as the clients of three languages send them, and the members their samples read. */
const text = (name: string, value: string): Part => ({ name, value })

async function expectBoth(answer: Response): Promise<void> {
  expect(answer.status).toBe(200)
  const { data } = await jsonOf(answer)
  expect(data[0]?.url).toMatch(/^https?:\/\/.*\/p\/img\//)
  expect(
    Buffer.from(data[0]?.b64_json ?? '', 'base64')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
}

const generate = ({ post }: Fixture, body: object) => post('/v1/images/generations', body)

test('Node: openai generates and edits, and reads base64 and URLs', async () => {
  const fixture = await createFixture()
  const client = new OpenAI({ apiKey: 'sk-one', baseURL: `${fixture.url}/v1`, maxRetries: 0 })
  const generated = await client.images.generate({ model: 'gpt-image-2', prompt: 'a cute otter' })
  const edited = await client.images.edit({
    model: 'gpt-image-2',
    image: await toFile(png, null, { type: 'image/png' }),
    mask: await toFile(mask, 'mask.png', { type: 'image/png' }),
    prompt: 'a beret on it',
    n: 1,
  })
  const several = await client.images.edit({
    model: 'gpt-image-2',
    image: [await toFile(png, 'a.png'), await toFile(jpeg, 'b.jpg')],
    prompt: 'both of them',
  })
  for (const { data } of [generated, edited, several]) {
    expect(data?.[0]?.url).toMatch(/\/p\/img\//)
    expect(data?.[0]?.b64_json).toMatch(/^iVBORw/)
  }
})

test('Python: openai sends JSON, and forms as httpx does', async () => {
  const fixture = await createFixture()
  const body = { model: 'gpt-image-2', prompt: 'an otter', n: 1, size: '1024x1024', quality: 'hd' }
  await expectBoth(await generate(fixture, { ...body, style: 'vivid' }))
  const octets = 'application/octet-stream'
  const parts = [
    text('prompt', 'a beret on it'),
    text('model', 'gpt-image-2'),
    text('n', '1'),
    text('size', '1024x1024'),
    { name: 'image[]', value: png, file: 'otter.png', type: 'image/png' },
    { name: 'image[]', value: jpeg, file: 'upload', type: octets },
    { name: 'mask', value: mask, file: 'upload', type: octets },
  ]
  await expectBoth(await send(fixture, form(parts)))
})

test('Go: openai-go names file parts, sashabaranov/go-openai sends unset fields', async () => {
  const fixture = await createFixture()
  const octets = 'application/octet-stream'
  const official = [
    { name: 'image[]', value: png, file: 'anonymous_file', type: octets },
    text('prompt', 'a beret on it'),
    text('model', 'gpt-image-2'),
    text('n', '1'),
  ]
  await expectBoth(await send(fixture, form(official)))
  const other = [
    { name: 'image', value: png, file: '.' },
    { name: 'mask', value: mask, file: 'mask.png', type: octets },
    text('model', 'gpt-image-2'),
    text('prompt', 'a beret on it'),
    text('n', '0'),
    text('size', ''),
    text('response_format', ''),
  ]
  await expectBoth(await send(fixture, form(other)))
})
