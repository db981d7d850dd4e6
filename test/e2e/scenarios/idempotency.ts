import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'
import { settledBalance } from '../harness/ledger.ts'

/**
 * Ten parallel requests with one Idempotency-Key: one job, one charge, ten equal answers; another body is
 * refused.
 */
export async function idempotencyKey(context: Context): Promise<void> {
  const headers = { 'idempotency-key': `same-${context.running.wiring}` }
  const body = {
    model: 'gpt-image-2',
    prompt: 'idempotent',
    quality: 'low',
    response_format: 'url',
  }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => call(context, '/v1/images/generations', { body, headers })),
  )
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 200))
  const paths = await Promise.all(
    answers.map(async (answer) => {
      const { data } = (await answer.json()) as { data: { url: string }[] }
      return new URL(data[0]?.url ?? '').pathname
    }),
  )
  expect(new Set(paths).size).toBe(1)
  const calls = context.simulator.log().filter((entry) => entry.prompt === 'idempotent')
  expect(calls).toHaveLength(1)

  const balance = await settledBalance(context)
  const other = await call(context, '/v1/images/generations', {
    body: { ...body, prompt: 'another' },
    headers,
  })
  expect(other.status).toBe(422)
  expect(await other.json()).toMatchObject({ error: { code: 'idempotency_conflict' } })
  expect(await settledBalance(context)).toEqual(balance)
}

/** A repeated chat gets the stored answer, byte for byte, and is paid once. */
export async function idempotentChat(context: Context): Promise<void> {
  const headers = { 'idempotency-key': `chat-${context.running.wiring}` }
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'idempotent chat' }] }
  const first = await call(context, '/v1/chat/completions', { body, headers })
  const text = await first.text()
  const second = await call(context, '/v1/chat/completions', { body, headers })
  expect(await second.text()).toBe(text)
  const sent = context.simulator.log().filter((entry) => entry.prompt?.includes('idempotent chat'))
  expect(sent).toHaveLength(1)
}
