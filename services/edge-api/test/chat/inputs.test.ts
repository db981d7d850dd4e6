import { afterEach, describe, expect, it } from 'vitest'

import type { FixtureOptions } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

const closing: (() => Promise<void>)[] = []
const open = async (options: FixtureOptions = {}) => {
  const fixture = await createFixture(options)
  closing.push(fixture.close)
  return fixture
}
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const base64 = Buffer.alloc(6 * 1024 * 1024).toString('base64')

const media: [string, object][] = [
  ['sound', { type: 'input_audio', input_audio: { data: base64, format: 'mp3' } }],
  ['a picture', { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } }],
  ['a file', { type: 'file', file: { filename: 'a.pdf', file_data: base64 } }],
]

describe('media in a chat request', () => {
  it.each(media)('of 8 MB is reserved by its media type, not as text: %s', async (_name, part) => {
    // 8 MB as text would be 8.4 credits.
    const { chat } = await open({ balanceMicro: 1_000_000n })
    const content = [{ type: 'text', text: 'what is this?' }, part]
    const { status } = await chat({ messages: [{ role: 'user', content }] })
    expect(status).toBe(200)
  })

  it.each(media)('is reserved per item: %s', async (_name, part) => {
    // The longest answer to a few words is 65,536 micro-credits.
    const { chat } = await open({ balanceMicro: 68_000n })
    const text = { type: 'text', text: 'what is this?' }
    const send = (content: object[]) => chat({ messages: [{ role: 'user', content }] })
    expect((await send([text, part])).status).toBe(402)
    expect((await send([text])).status).toBe(200)
  })

  it('sent as text is reserved as text', async () => {
    const { chat } = await open({ balanceMicro: 1_000_000n })
    const content = [{ type: 'text', text: base64 }]
    expect((await chat({ messages: [{ role: 'user', content }] })).status).toBe(402)
  })
})

describe('a body that is not UTF-8', () => {
  it.each<[string, number[]]>([
    ['Latin-1', [0xe9]],
    ['a cut character', [0xe2, 0x82]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong form', [0xc0, 0xaf]],
  ])('is rejected as invalid UTF-8 and reaches no upstream: %s', async (_name, bytes) => {
    const { post, simulator } = await open()
    const [head = '', tail = ''] = JSON.stringify({
      ...question,
      messages: [{ role: 'user', content: 'caf?' }],
    }).split('?')
    const body = Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from(tail)])
    for (const path of ['/v1/chat/completions', '/v1/images/generations']) {
      const answer = await post(path, body)
      expect(answer.statusCode).toBe(400)
      expect(await answer.body.json()).toMatchObject({
        error: { code: 'invalid_json', param: 'body', message: expect.stringMatching(/UTF-8/) },
      })
    }
    expect(simulator.log()).toEqual([])
  })

  it('is not confused with one that contains any valid character', async () => {
    const { chat } = await open()
    const content = 'café 猫 🦊 \u0000 \uFFFD \ud800'
    expect((await chat({ messages: [{ role: 'user', content }] })).status).toBe(200)
  })
})
