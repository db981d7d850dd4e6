import { gzipSync } from 'node:zlib'

import type { FaultInput } from '@sluice/simulators/openai/fault'
import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'

interface Answer {
  data: { b64_json?: string; url?: string }[]
}

const baseRequest = { model: 'gpt-image-2', prompt: 'a form', quality: 'low', size: '1024x1024' }

async function generate(context: Context, more: object = {}): Promise<Answer['data'][number]> {
  const answer = await call(context, '/v1/images/generations', {
    body: { ...baseRequest, ...more },
  })
  expect(answer.status).toBe(200)
  const { data } = (await answer.json()) as Answer
  return data[0] ?? {}
}

/** Pictures are accepted in the formats of many upstreams, by one call each, and returned in both of ours. */
export async function picturesInEveryForm(context: Context): Promise<void> {
  const { simulator } = context
  const first = await generate(context)
  const b64 = first.b64_json ?? ''
  const fetched = await fetch(first.url ?? '')
  expect(Buffer.from(await fetched.arrayBuffer()).toString('base64')).toBe(b64)

  const type = { 'content-type': 'application/json' }
  const json = (value: object) => JSON.stringify({ data: [value] })
  const lines = b64.replaceAll(/.{76}/g, '$&\r\n')
  const packed = gzipSync(json({ b64_json: b64 })).toString('base64')
  const forms: Omit<Extract<NonNullable<FaultInput['behaviour']>, { kind: 'raw' }>, 'kind'>[] = [
    { headers: type, chunks: [json({ url: `data:image/png;base64,${b64}` })] },
    { headers: type, chunks: [json({ b64_json: lines })] },
    { headers: { ...type, 'content-encoding': 'gzip' }, chunks: [{ base64: packed }] },
    { headers: {}, chunks: [json({ b64_json: b64 })] },
  ]
  for (const form of forms) {
    const before = simulator.log().length
    simulator.script({ behaviour: { kind: 'raw', ...form } }, { reset: true })
    expect((await generate(context)).b64_json).toBe(b64)
    expect(simulator.log()).toHaveLength(before + 1)
  }
  await generate(context, { quality: 'hd' })
  expect(simulator.log().at(-1)?.fields['quality']).toBe('high')
}
