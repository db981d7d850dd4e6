import type { ImageRequest } from '@sluice/contracts/image-request'
import { expect, test } from 'vitest'

import { png } from './form-parts.ts'
import type { Fixture } from './fixture.ts'
import { jsonOf, createFixture } from './fixture.ts'

const CHAT = '/v1/chat/completions'
const imageRequest = { model: 'gpt-image-2', size: '64x64', quality: 'low' }
const fox = { role: 'user', content: 'paint a fox' }
const blue = { role: 'user', content: 'make it blue' }

async function open() {
  const generated: ImageRequest[] = []
  const fixture = await createFixture({
    generateImage: async ({ request }) => {
      generated.push(request)
      return undefined
    },
  })
  return { ...fixture, generated }
}

const contentOf = async ({ post }: Fixture, body: object, headers: Record<string, string> = {}) =>
  (await jsonOf(await post(CHAT, { ...imageRequest, ...body }, { headers }))).choices[0]?.message
    .content

test('the last picture of the conversation, generated before, is edited', async () => {
  const fixture = await open()
  const content = await contentOf(fixture, { messages: [fox] })
  const answer = await fixture.post(CHAT, {
    ...imageRequest,
    messages: [fox, { role: 'assistant', content }, blue],
  })
  expect(answer.status).toBe(200)
  expect(fixture.generated).toMatchObject([
    { kind: 'generate', prompt: 'paint a fox', images: [] },
    { kind: 'edit', prompt: 'make it blue', images: [{ contentType: 'image/png' }] },
  ])
  const [, edit] = fixture.generated
  const input = await fixture.blobs.read(edit?.images[0]?.blobKey ?? '')
  const task = /img_[0-9a-f]{32}/.exec(content ?? '')?.[0]
  expect(input).toEqual(await fixture.blobs.read(`jobs/${task}/parts/0`))
})

test('a picture from an earlier user message is edited as well', async () => {
  const fixture = await open()
  const url = `data:image/png;base64,${png.toString('base64')}`
  const sent = { role: 'user', content: [{ type: 'image_url', image_url: { url } }] }
  const messages = [sent, { role: 'assistant', content: 'What shall I do?' }, blue]
  expect((await fixture.post(CHAT, { ...imageRequest, messages })).status).toBe(200)
  expect(fixture.generated).toMatchObject([{ kind: 'edit', images: [{ bytes: png.byteLength }] }])
})

test('a picture link works unsigned for its owner, and signed for other users', async () => {
  const fixture = await open()
  const content = (await contentOf(fixture, { messages: [fox] })) ?? ''
  const unsigned = content.replace(/\?[^)]*/, '')
  const edit = (link: string, key: string) =>
    fixture.post(
      CHAT,
      { ...imageRequest, messages: [{ role: 'assistant', content: link }, blue] },
      { key },
    )
  const statuses = [
    (await edit(unsigned, 'sk-one')).status,
    (await edit(content, 'sk-other')).status,
    (await edit(unsigned, 'sk-other')).status,
  ]
  expect(statuses).toEqual([200, 200, 400])
})

test('links to stored pictures are found anywhere in a message, also without a host', async () => {
  const fixture = await open()
  const content = (await contentOf(fixture, { messages: [fox] })) ?? ''
  const url = /https?:[^)]*/.exec(content)?.[0] ?? ''
  const path = url.slice(url.indexOf('/p/img/'))
  const conversations = [
    [{ role: 'assistant', content: `![fox](${path})` }, blue],
    [{ role: 'assistant', content: `[download](${url})` }, blue],
    [
      { role: 'user', content: `this is my fox: ${url}` },
      { role: 'assistant', content: 'ok' },
      blue,
    ],
    [{ role: 'user', content: `make ${url} blue` }],
    [{ role: 'user', content: [{ type: 'text', text: `make it blue: ${path}` }] }],
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'blue' },
          { type: 'image_url', image_url: { url: path } },
        ],
      },
    ],
  ]
  for (const messages of conversations)
    expect((await fixture.post(CHAT, { ...imageRequest, messages })).status).toBe(200)
  const edits = fixture.generated.slice(1)
  expect(edits).toMatchObject(conversations.map(() => ({ kind: 'edit', images: [{}] })))
  const gone = url.replace(/img_[0-9a-f]{32}/, `img_${'0'.repeat(32)}`)
  const answer = await fixture.post(CHAT, {
    ...imageRequest,
    messages: [{ role: 'user', content: gone }],
  })
  const { error } = await jsonOf(answer)
  expect([answer.status, error.param]).toEqual([400, 'messages'])
})

test('n pictures are n choices, in JSON and streams, each charged', async () => {
  const { post, ledger } = await open()
  const body = { ...imageRequest, n: 3, messages: [fox] }
  const { choices } = await jsonOf(await post(CHAT, body))
  const links = choices.map(({ message }) => /\/p\/img\/[^?]*/.exec(message.content)?.[0])
  expect(choices).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2 }])
  expect(new Set(links).size).toBe(3)
  await expect.poll(ledger.availableMicro).toBe(97_000_000n)
  const text = await (await post(CHAT, { ...body, stream: true })).text()
  const finished = [...text.matchAll(/"index":(\d)[^\n]*"finish_reason":"stop"/g)]
  expect(finished.map(([, index]) => index)).toEqual(['0', '1', '2'])
})

test('parameters without effect on a picture are named in a header, or refused', async () => {
  const { post, leftovers } = await open()
  const system = { role: 'system', content: 'You are an illustrator.' }
  const more = { temperature: 1, tools: [], stop: null, ['x\r\ny']: 1 }
  const answer = await post(CHAT, { ...imageRequest, ...more, messages: [system, fox] })
  expect(answer.headers.get('x-sluice-ignored')).toBe('temperature, tools, messages')
  const plain = await post(CHAT, { ...imageRequest, messages: [fox] })
  expect(plain.headers.get('x-sluice-ignored')).toBeNull()
  const before = (await leftovers()).length
  const sound = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }
  const content = [{ type: 'text', text: 'paint this' }, sound]
  const refused = await post(CHAT, { ...imageRequest, messages: [{ role: 'user', content }] })
  const { error } = await jsonOf(refused)
  expect([refused.status, error.code, error.param]).toEqual([
    400,
    'unsupported_parameter',
    'messages',
  ])
  expect(await leftovers()).toHaveLength(before)
})
