import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

import type { ImageRequest } from '@sluice/contracts/image-request'
import { expect, onTestFinished, test } from 'vitest'

import { EDITS, MIB, png } from './form-parts.ts'
import { jsonOf, createFixture } from './fixture.ts'

// Bytes after the end of a PNG are part of the file.
const large = Buffer.concat([png, randomBytes(14 * MIB)])
const base64 = large.toString('base64')
const url = `data:image/png;base64,${base64}`
const imageRequest = { model: 'gpt-image-2', size: '64x64', quality: 'low' }
const messages = (content: unknown) => [
  { role: 'assistant', content },
  { role: 'user', content: 'make it blue' },
]

/** A fixture that counts the chunks of each stored input and the event-loop turns meanwhile. */
async function open() {
  const generated: ImageRequest[] = []
  const puts: { chunks: number; turns: number }[] = []
  let turns = 0
  const count = () => {
    turns += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  onTestFinished(() => clearImmediate(next))
  const fixture = await createFixture({
    generateImage: async ({ request }) => {
      generated.push(request)
      return undefined
    },
    override: ({ blobs }) => ({
      blobs: {
        ...blobs,
        put: async (key, source, options) => {
          const put = { chunks: 0, turns: 0 }
          puts.push(put)
          const from = turns
          const counted = async function* (): AsyncGenerator<Uint8Array> {
            for await (const chunk of Readable.from(source)) {
              put.chunks += 1
              put.turns = turns - from
              yield chunk
            }
          }
          return blobs.put(key, Readable.from(counted()), options)
        },
      },
    }),
  })
  return { ...fixture, generated, puts }
}

test.each([
  ['an edit by data URL', EDITS, { ...imageRequest, prompt: 'make it blue', image: url }],
  [
    'an edit by base64',
    EDITS,
    { ...imageRequest, prompt: 'make it blue', images: [{ b64_json: base64 }] },
  ],
  [
    'a reference',
    '/v1/images/generations',
    { ...imageRequest, prompt: 'x', reference_images: [url] },
  ],
  [
    'a picture in chat',
    '/v1/chat/completions',
    { ...imageRequest, messages: messages([{ type: 'image_url', image_url: { url } }]) },
  ],
  [
    'an answer in Markdown',
    '/v1/chat/completions',
    { ...imageRequest, messages: messages(`![image](${url})`) },
  ],
])('the event loop is not blocked while %s of 20 MB is read', async (_name, path, body) => {
  const { post, blobs, generated, puts } = await open()
  const answer = await post(path, body)
  expect(answer.status).toBe(200)
  await answer.arrayBuffer()
  const [put] = puts
  expect(put?.chunks).toBeGreaterThan(80)
  expect(put?.turns).toBeGreaterThan(80)
  const stored = await blobs.read(generated[0]?.images[0]?.blobKey ?? '')
  expect(large.equals(stored ?? Buffer.alloc(0))).toBe(true)
})

test.each([
  ['invalid base64', `${base64}!`, 'image'],
  ['a long URL', `https://a.example/${base64}`, 'image'],
  ['a data URL without base64', `data:image/png,${base64}`, 'image'],
])('%s is refused, and nothing of it is stored', async (_name, image, param) => {
  const { post, leftovers } = await open()
  const answer = await post(EDITS, { ...imageRequest, prompt: 'make it blue', image })
  expect(answer.status).toBe(400)
  expect((await jsonOf(answer)).error).toMatchObject({ code: 'invalid_value', param })
  expect(await leftovers()).toEqual([])
})

test('a prompt of megabytes is refused as too long', async () => {
  const { post } = await open()
  const prompt = 'fox '.repeat(MIB)
  const bodies: [string, object, string][] = [
    ['/v1/images/generations', { prompt }, 'prompt'],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: prompt }] }, 'messages'],
  ]
  for (const [path, body, param] of bodies) {
    const answer = await post(path, { ...imageRequest, ...body })
    const { error } = await jsonOf(answer)
    expect([answer.status, error.param]).toEqual([400, param])
    expect(error.message).toContain('32000 characters')
  }
})

test('a prompt of escapes is decoded up to the prompt limit', async () => {
  const { call, generated } = await open()
  const prompt = '\\ud83e\\udd8a'.repeat(20_000)
  const body = `{"model":"gpt-image-2","size":"64x64","quality":"low","prompt":"${prompt}"}`
  const headers = { 'content-type': 'application/json' }
  const answer = await call('/v1/images/generations', { method: 'POST', body, headers })
  expect(answer.status).toBe(200)
  expect(generated).toMatchObject([{ prompt: '🦊'.repeat(20_000) }])
})
