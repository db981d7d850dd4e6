import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { text as textOf } from 'node:stream/consumers'

import { expect, test } from 'vitest'

import type { Fixture } from './fixture.ts'
import { jsonOf, createFixture } from './fixture.ts'

/** The representation of pictures in answers, and the host of their links. */
const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const GENERATIONS = '/v1/images/generations'
const LINK = /^https:\/\/sluice\.example\/p\/img\/img_[0-9a-f]{32}\/0\?exp=\d+&sig=[0-9a-f]+$/

/** The representations that the first item carries, in JSON and in a stream. */
async function formsOf({ post }: Fixture, more: Record<string, unknown> = {}) {
  const { data } = await jsonOf(await post(GENERATIONS, { ...imageRequest, ...more }))
  const streamed = await (
    await post(GENERATIONS, { ...imageRequest, ...more, stream: true })
  ).text()
  const event: unknown = JSON.parse(/^data: (.*completed.*)$/m.exec(streamed)?.[1] ?? '{}')
  return [data[0], event].map((item) => ['b64_json', 'url'].filter((name) => name in Object(item)))
}

test('an item carries base64 and a signed link, for samples that read either', async () => {
  const { post, sdk } = await createFixture()
  const { data } = await sdk().images.generate({ ...imageRequest, quality: 'low' })
  expect(data?.[0]?.url).toMatch(LINK)
  expect(
    Buffer.from(data?.[0]?.b64_json ?? '', 'base64')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
  const answer = await post(GENERATIONS, imageRequest)
  const text = await answer.text()
  expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text))
})

test.each([
  ['both', ['b64_json', 'url']],
  ['b64_json', ['b64_json']],
  ['url', ['url']],
] as const)('the installation can be configured to answer with %s', async (imageAnswer, forms) => {
  expect(await formsOf(await createFixture({ config: { imageAnswer } }))).toEqual([forms, forms])
})

test("the caller's response_format takes precedence", async () => {
  const inUrls = await createFixture({ config: { imageAnswer: 'url' } })
  const b64 = await formsOf(inUrls, { response_format: 'b64_json' })
  expect(b64).toEqual([['b64_json'], ['b64_json']])
  const inBoth = await createFixture()
  expect(await formsOf(inBoth, { response_format: 'url' })).toEqual([['url'], ['url']])
})

/** Sends a request with exactly these headers; `fetch` always sets its own Host. */
async function send(url: string, { body, headers }: { body?: unknown; headers: object }) {
  const sent = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: 'Bearer sk-one', 'content-type': 'application/json', ...headers },
  })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (!answer) throw new Error('no answer')
  return { task: answer.headers['x-sluice-task-id'], text: await textOf(answer) }
}

/** The origins of all links in all response modes. */
async function originsOf({ url }: Fixture, headers: Record<string, string>) {
  const origins = (text: string) =>
    [...text.matchAll(/(https?:\/\/[^"()\s]*)\/p\/img\//g)].map(([, origin]) => origin)
  const chat = { model: 'gpt-image-2', messages: [{ role: 'user', content: 'a red fox' }] }
  const whole = await send(url + GENERATIONS, { headers, body: imageRequest })
  const more = [
    send(url + GENERATIONS, { headers, body: { ...imageRequest, stream: true } }),
    send(`${url}/v1/chat/completions`, { headers, body: chat }),
    send(`${url}/v1/chat/completions`, { headers, body: { ...chat, stream: true } }),
    send(`${url}/v1/images/tasks/${whole.task}`, { headers }),
    send(`${url}/v1/images/tasks/${whole.task}/events`, { headers }),
  ]
  const texts = [whole, ...(await Promise.all(more))].map(({ text }) => text)
  expect(texts.map((text) => origins(text).length > 0)).toEqual(texts.map(() => true))
  return new Set(texts.flatMap(origins))
}

test('without a public base URL every link has the host that the caller used', async () => {
  const fixture = await createFixture({ config: { linkOrigin: 'caller' } })
  expect(await originsOf(fixture, {})).toEqual(new Set([fixture.url]))
  const host = 'pictures.lan:9000'
  expect(await originsOf(fixture, { host })).toEqual(new Set(['http://pictures.lan:9000']))
})

test('behind a trusted proxy links have the forwarded host', async () => {
  const fixture = await createFixture({ config: { linkOrigin: 'caller', trustedProxyHops: 1 } })
  const headers = { 'x-forwarded-host': 'ai.example.org', 'x-forwarded-proto': 'https' }
  expect(await originsOf(fixture, headers)).toEqual(new Set(['https://ai.example.org']))
})

test('an invalid Host header and untrusted forwarded headers change no link', async () => {
  const fixture = await createFixture({ config: { linkOrigin: 'caller' } })
  const host = '-evil.example'
  expect(await originsOf(fixture, { host })).toEqual(new Set(['https://sluice.example']))
  const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
  expect(await originsOf(fixture, headers)).toEqual(new Set([fixture.url]))
})

test('with a public base URL every link has that URL, whatever host the caller used', async () => {
  const fixture = await createFixture()
  expect(await originsOf(fixture, { host: 'evil.example' })).toEqual(
    new Set(['https://sluice.example']),
  )
})
