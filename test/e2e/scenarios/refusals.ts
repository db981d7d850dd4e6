import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, client, eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { newCaller } from '../harness/new-caller.ts'

/** A revoked key is refused within seconds; a wrong one always. */
export async function keyRevoked(context: Context): Promise<void> {
  const caller = await newCaller(context, { credits: '5' })
  const api = client(context, { apiKey: caller.apiKey })
  await api.models.list()
  await context.running.sluice('key', 'revoke', caller.keyId)
  const refused = await eventually(async () => {
    const answer = await api.models.list().catch((error: unknown) => error)
    return answer instanceof Error ? answer : undefined
  })
  expect(refused).toMatchObject({ status: 401, code: 'invalid_api_key' })
  const wrong = client(context, { apiKey: 'sk-wrong-key-that-was-never-issued' })
  await expect(wrong.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
}

/** A wallet without enough credits gets a 402 that SDKs do not retry; no job and no hold is stored. */
export async function outOfCredit(context: Context): Promise<void> {
  const caller = await newCaller(context, { credits: '0.000001' })
  for (const [route, body] of [
    ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'too expensive' }],
    ['/v1/chat/completions', { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }],
  ] as const) {
    const answer = await call(context, route, {
      body,
      headers: { authorization: `Bearer ${caller.apiKey}` },
    })
    expect(answer.status, route).toBe(402)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(await answer.json()).toMatchObject({
      error: { type: 'insufficient_quota', code: 'insufficient_credit' },
    })
  }
  expect(
    await queryDatabase(context, 'select 1 from image_jobs where wallet = $1', [caller.wallet]),
  ).toEqual([])
  expect(
    await queryDatabase(context, 'select 1 from holds where wallet = $1', [caller.wallet]),
  ).toEqual([])
}

/** The error for invalid input names the parameter; nothing is charged and no job is stored. */
export async function badInput(context: Context): Promise<void> {
  const jobs = async () => (await queryDatabase(context, 'select 1 from image_jobs')).length
  const before = await jobs()
  const bad: [Record<string, unknown>, string][] = [
    [{ model: 'gpt-image-2' }, 'prompt'],
    [{ model: 'gpt-image-2', prompt: 'x', n: 11 }, 'n'],
    [{ model: 'gpt-image-2', prompt: 'x', size: '17x17' }, 'size'],
    [{ model: 'gpt-image-2', prompt: 'x', quality: 'best' }, 'quality'],
    [{ model: 'gpt-image-2', prompt: 'x', output_format: 'gif' }, 'output_format'],
    [
      { model: 'gpt-image-2', prompt: 'x', background: 'transparent', output_format: 'jpeg' },
      'background',
    ],
    [{ model: 'gpt-image-2', prompt: 'x'.repeat(32_001) }, 'prompt'],
  ]
  for (const [body, param] of bad) {
    const answer = await call(context, '/v1/images/generations', { body })
    expect(answer.status, param).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { param, type: 'invalid_request_error', message: expect.any(String) },
    })
  }
  const huge = await fetch(`${context.running.baseUrl}/v1/images/generations`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${context.running.apiKey}`,
      'content-type': 'application/json',
    },
    body: `{"prompt":"${'x'.repeat(21 * 1024 * 1024)}"}`,
  }).catch(() => undefined)
  // The connection may be closed while the rest of the body is still being sent.
  if (huge) expect(huge.status).toBe(413)
  expect(await jobs()).toBe(before)
}

/** A body that JSON decoders may read differently is refused with the field's name, for chat and images. */
export async function ambiguousBodies(context: Context): Promise<void> {
  const sent = context.simulator.log().length
  const messages = '"messages":[{"role":"user","content":"hi"}]'
  const image = '"model":"gpt-image-2","prompt":"a fox"'
  const ambiguous: [string, string, string][] = [
    ['/v1/chat/completions', `{"model":"gpt-4o-mini","Model":"gpt-4o",${messages}}`, 'Model'],
    ['/v1/chat/completions', `{"model":"gpt-4o-mini","mod\\u0065l":"x",${messages}}`, 'model'],
    [
      '/v1/chat/completions',
      `{"model":"gpt-4o-mini","\u017ftream":true,${messages}}`,
      '\u017ftream',
    ],
    ['/v1/images/generations', `{${image},"N":10}`, 'N'],
    ['/v1/images/edits', `{${image},"image":"x","\uff31uality":"high"}`, '\uff31uality'],
  ]
  for (const [route, body, param] of ambiguous) {
    const answer = await fetch(context.running.baseUrl + route, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${context.running.apiKey}`,
        'content-type': 'application/json',
      },
    })
    expect(answer.status, param).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { param, code: 'invalid_value' } })
  }
  expect(context.simulator.log()).toHaveLength(sent)
}
