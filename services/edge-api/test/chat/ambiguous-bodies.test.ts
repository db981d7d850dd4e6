import { afterEach, expect, it } from 'vitest'

import type { Fixture } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

let current: Fixture | undefined
afterEach(async () => {
  await current?.close()
  current = undefined
})

const messages = JSON.stringify(question.messages)

it.each([
  [
    'Max_Tokens',
    `{"model":"gpt-5-mini","max_tokens":1,"Max_Tokens":5000,"messages":${messages},"Model":"gpt-5"}`,
  ],
  ['Model', `{"model":"gpt-5-mini","Model":"gpt-5","messages":${messages}}`],
  ['MODEL', `{"model":"gpt-5-mini","\\u004dODEL":"gpt-5","messages":${messages}}`],
  ['model', `{"model":"gpt-5-mini","mod\\u0065l":"gpt-5","messages":${messages}}`],
  ['max_to\u212aens', `{"model":"gpt-5-mini","max_to\u212aens":9,"messages":${messages}}`],
  ['\u017ftream', `{"model":"gpt-5-mini","\u017ftream":true,"messages":${messages}}`],
  ['\uff4e', `{"model":"gpt-5-mini","\uff4e":9,"messages":${messages}}`],
  [
    'stream_options.INCLUDE_USAGE',
    `{"model":"gpt-5-mini","stream":true,"stream_options":{"INCLUDE_USAGE":false},"messages":${messages}}`,
  ],
])('an ambiguous body reaches no upstream: %s', async (param, body) => {
  current = await createFixture()
  const { post, simulator, stop, rows } = current
  const answer = await post('/v1/chat/completions', body)
  expect(answer.statusCode).toBe(400)
  expect(JSON.parse(await answer.body.text()).error).toMatchObject({
    param,
    code: 'invalid_value',
    type: 'invalid_request_error',
    message: expect.stringContaining(param),
  })
  expect(simulator.log()).toEqual([])
  await stop()
  expect(rows).toMatchObject([{ status: 400, amountMicro: 0n }])
})

it('a model matches by its exact name only, in whitelists and in prices', async () => {
  current = await createFixture({ models: ['gpt-5-mini'] })
  for (const model of ['GPT-5-mini', 'gpt-5-min\u0131', '\uff47pt-5-mini', 'gpt-5-mini '])
    expect((await current.chat({ model })).status, model).toBe(404)
  expect((await current.chat()).status).toBe(200)
})
