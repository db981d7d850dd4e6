import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'

const organization = 'org-Q1w2E3r4T5'
const sse = { 'content-type': 'text/event-stream' }
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const delta = (delta: object) => data({ id: 'c', choices: [{ index: 0, delta }] })

/**
 * Errors in a 200 answer or stream are failures whose upstream message is not forwarded. Delivered tokens are
 * charged, and a usage report of zero is replaced by an estimate.
 */
export async function classifiedAnswers(context: Context): Promise<void> {
  const { simulator } = context
  const message = `Failed for ${organization} with key ${simulator.key}`
  const error = { error: { message, type: 'server_error' } }
  const answer = async (marker: string, chunks: string[], stream: boolean) => {
    const headers = stream ? sse : { 'content-type': 'application/json' }
    simulator.script({
      match: { promptIncludes: marker },
      times: null,
      behaviour: { kind: 'raw', headers, chunks },
    })
    const messages = [{ role: 'user', content: marker }]
    const body = { model: 'gpt-4o-mini', messages, stream }
    const answered = await call(context, '/v1/chat/completions', { body })
    const text = await answered.text()
    expect(text).not.toContain(simulator.key)
    expect(text).not.toContain(organization)
    return { status: answered.status, text }
  }

  const failed = await answer('whole-error', [JSON.stringify(error)], false)
  expect(failed).toMatchObject({ status: 502, text: expect.stringContaining('upstream_failed') })

  const content = 'a'.repeat(700)
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const choices = [{ index: 0, message: { content }, finish_reason: 'stop' }]
  const whole = JSON.stringify({ object: 'chat.completion', choices, usage })
  const estimated = await answer('no-usage', [whole], false)
  expect(estimated.status).toBe(200)
  expect(JSON.parse(estimated.text).usage).toMatchObject({ completion_tokens: 175 })
  expect(await recordOf(context, '175')).toMatchObject({ source: 'estimate' })

  const role = delta({ role: 'assistant', content: '' })
  const before = await answer('early-error', [role, data(error)], true)
  expect(before).toMatchObject({ status: 502, text: expect.stringContaining('upstream_failed') })

  const cut = [role, delta({ content: 'b'.repeat(604) }), data(error), 'data: [DONE]\n\n']
  const after = await answer('late-error', cut, true)
  expect(after.status).toBe(200)
  expect(after.text.match(/"error"/g)).toHaveLength(1)
  expect(after.text).not.toContain('[DONE]')
  expect(await recordOf(context, '151')).toMatchObject({ source: 'estimate' })
  simulator.script([], { reset: true })
  expect(await answer('no-error', [whole], false)).toMatchObject({ status: 200 })
  expect(context.running.output()).not.toContain(organization)
}

/** The record of the last call with this number of output tokens. */
function recordOf(context: Context, output: string) {
  return eventually(async () => {
    const rows = await queryDatabase<{ source: string; amount: string }>(
      context,
      `select usage_source as source, amount_micro::text as amount from usage_records
        where usage->>'output' = $1 order by request_id desc limit 1`,
      [output],
    )
    return rows[0]
  })
}
