import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import { jsonOf, createFixture } from './fixture.ts'

const CHAT = '/v1/chat/completions'
const messages = [{ role: 'user' as const, content: 'paint a kettle' }]
const MARKDOWN =
  /^!\[image\]\(https:\/\/sluice\.example\/p\/img\/img_[0-9a-f]{32}\/0\?exp=\d+&sig=[0-9a-f]+\)$/

test('an image model in chat answers with the picture as a Markdown link, charged once', async () => {
  const { sdk, ledger, records } = await createFixture()
  const answer = await sdk().chat.completions.create({ model: 'gpt-image-2', messages })
  expect(answer).toMatchObject({
    object: 'chat.completion',
    model: 'gpt-image-2',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
    usage: { prompt_tokens: 5, completion_tokens: 100, total_tokens: 105 },
  })
  expect(answer.choices[0]?.message.content).toMatch(MARKDOWN)
  await expect.poll(ledger.availableMicro).toBeLessThan(100_000_000n)
  expect(records).toMatchObject([{ route: CHAT, model: 'gpt-image-2', status: 200 }])
})

test('a streamed answer is readable by SDKs, with usage on request', async () => {
  const { sdk } = await createFixture()
  const stream = sdk().chat.completions.stream({
    model: 'gpt-image-2',
    messages,
    stream_options: { include_usage: true },
  })
  const answer = await stream.finalChatCompletion()
  expect(answer.choices[0]?.message.content).toMatch(MARKDOWN)
  expect(answer.choices[0]?.finish_reason).toBe('stop')
  expect(answer.usage).toMatchObject({ total_tokens: 105 })
})

test('a stream starts with its role, has keep-alives during generation, and ends with [DONE]', async () => {
  const clock = fakeClock()
  const { post, startRunner } = await createFixture({ runner: false, clock })
  const answer = await post(CHAT, { model: 'gpt-image-2', messages, stream: true })
  const received: string[] = []
  const listen = async () => {
    for await (const chunk of answer.body ?? []) received.push(Buffer.from(chunk).toString())
  }
  const listening = listen()
  await expect.poll(() => received.join('')).toContain('"role":"assistant"')
  await clock.advance(10_000)
  await expect.poll(() => received.join('')).toContain(': keep-alive\n\n')
  await startRunner()
  await listening
  const lines = received
    .join('')
    .split('\n\n')
    .filter((line) => line.startsWith('data: '))
  expect(lines.at(-1)).toBe('data: [DONE]')
  expect(lines.join('')).not.toContain('"usage"')
})

test('pictures of the last message are reference images', async () => {
  const seen: unknown[] = []
  const { post } = await createFixture({
    generateImage: async ({ request }) => {
      seen.push([request.kind, request.prompt, request.images.length, request.size])
      return undefined
    },
  })
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
    .png()
    .toBuffer()
  const url = `data:image/png;base64,${png.toString('base64')}`
  const content = [
    { type: 'text', text: 'make it blue' },
    { type: 'image_url', image_url: { url } },
  ]
  const body = {
    model: 'gpt-image-2',
    size: '32x32',
    messages: [...messages, { role: 'user', content }],
  }
  expect((await post(CHAT, body)).status).toBe(200)
  expect(seen).toEqual([['edit', 'make it blue', 1, '32x32']])
})

test('a chat without a valid prompt is refused, and leaves no job, hold or blob', async () => {
  const { post, leftovers } = await createFixture()
  const empty = [
    [],
    [{ role: 'user', content: '  ' }],
    [{ role: 'system', content: 'x' }],
    [{ role: 'user', content: 'x'.repeat(32_001) }],
  ]
  for (const messages of empty) {
    const answer = await post(CHAT, { model: 'gpt-image-2', messages })
    const { error } = await jsonOf(answer)
    expect([answer.status, error.code, error.param]).toEqual([400, 'invalid_value', 'messages'])
  }
  expect(await leftovers()).toEqual([])
})

test('a failure is an error, in JSON and streams, never an end without finish_reason', async () => {
  const { sdk, post } = await createFixture({
    generateImage: async () => ({ code: 'content_policy_violation', message: 'Not this.' }),
  })
  const whole = sdk().chat.completions.create({ model: 'gpt-image-2', messages })
  await expect(whole).rejects.toMatchObject({ status: 400, code: 'content_policy_violation' })
  const stream = sdk().chat.completions.stream({ model: 'gpt-image-2', messages })
  await expect(stream.finalChatCompletion()).rejects.toMatchObject({
    code: 'content_policy_violation',
  })
  const text = await (await post(CHAT, { model: 'gpt-image-2', messages, stream: true })).text()
  expect(text).not.toContain('[DONE]')
})

test('a repeat with the same Idempotency-Key joins the job', async () => {
  const { post, ledger } = await createFixture()
  const body = { model: 'gpt-image-2', size: '64x64', quality: 'low', messages }
  const headers = { 'idempotency-key': 'chat' }
  const links = [await post(CHAT, body, { headers }), await post(CHAT, body, { headers })]
  const paths = links.map(async (answer) => {
    const { choices } = await jsonOf(answer)
    return /\/p\/img\/[^?]+/.exec(choices[0]?.message.content ?? '')?.[0]
  })
  expect(new Set(await Promise.all(paths)).size).toBe(1)
  await expect.poll(ledger.availableMicro).toBe(99_000_000n)
})
