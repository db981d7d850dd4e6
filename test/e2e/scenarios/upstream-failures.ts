import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, client, eventually } from '../harness/context.ts'
import { settledBalance } from '../harness/ledger.ts'

/**
 * One failed upstream call is retried transparently; repeated failures are reported to the caller without a
 * charge.
 */
export async function upstreamFailures(context: Context): Promise<void> {
  const { simulator } = context
  const api = client(context)
  const before = await settledBalance(context)
  simulator.script({
    match: { promptIncludes: 'once-500' },
    behaviour: { kind: 'status', status: 500, type: 'server_error' },
  })
  const retried = await api.images.generate({
    model: 'gpt-image-2',
    prompt: 'once-500',
    quality: 'low',
  })
  expect(retried.data).toHaveLength(1)
  const paid = await settledBalance(context)

  simulator.script({
    match: { promptIncludes: 'refuse-me' },
    times: null,
    behaviour: {
      kind: 'status',
      status: 400,
      code: 'moderation_blocked',
      message: 'blocked by safety',
    },
  })
  await expect(
    api.images.generate({ model: 'gpt-image-2', prompt: 'refuse-me', quality: 'low' }),
  ).rejects.toMatchObject({ status: 400, code: 'content_policy_violation' })

  simulator.script({
    match: { promptIncludes: 'always-500' },
    times: null,
    behaviour: { kind: 'status', status: 500, type: 'server_error' },
  })
  await expect(
    api.images.generate({ model: 'gpt-image-2', prompt: 'always-500', quality: 'low' }),
  ).rejects.toMatchObject({ status: 502, code: 'upstream_failed' })

  expect(await settledBalance(context)).toEqual(paid)
  expect(paid.availableMicro).toBeLessThan(before.availableMicro)
  simulator.script([], { reset: true })
}

/**
 * A 429 puts the credential into cooldown for the upstream's retry-after; the job waits and is then
 * generated.
 */
export async function upstreamLimited(context: Context): Promise<void> {
  const { simulator } = context
  simulator.script({
    match: { promptIncludes: 'limited-once' },
    behaviour: {
      kind: 'status',
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'requests',
      headers: { 'retry-after': '1' },
    },
  })
  const answer = await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'limited-once',
    quality: 'low',
  })
  expect(answer.data).toHaveLength(1)
  const tries = simulator.log().filter((entry) => entry.prompt?.includes('limited-once'))
  expect(tries.map((entry) => entry.status)).toEqual([429, 200])
}

/** A caller who disconnects during a job gets the picture later by the Idempotency-Key, paid once. */
export async function callerHangsUp(context: Context): Promise<void> {
  const { simulator } = context
  simulator.script({
    match: { promptIncludes: 'hang-up' },
    times: null,
    latencyMs: 1_500,
    behaviour: { kind: 'pass' },
  })
  const body = { model: 'gpt-image-2', prompt: 'hang-up', quality: 'low' }
  const headers = { 'idempotency-key': `hang-up-${context.running.wiring}` }
  const before = await settledBalance(context)
  const abort = new AbortController()
  const first = call(context, '/v1/images/generations', { body, headers, signal: abort.signal })
  await eventually(async () => simulator.log().find((entry) => entry.prompt?.includes('hang-up')))
  abort.abort()
  await expect(first).rejects.toThrow(/abort/i)
  const again = await call(context, '/v1/images/generations', { body, headers })
  expect(again.status).toBe(200)
  expect(await again.json()).toMatchObject({ data: [{ b64_json: expect.any(String) }] })
  const after = await settledBalance(context)
  const third = await call(context, '/v1/images/generations', { body, headers })
  expect(third.status).toBe(200)
  await third.arrayBuffer()
  expect(await settledBalance(context)).toEqual(after)
  expect(after.availableMicro).toBeLessThan(before.availableMicro)
  expect(simulator.log().filter((entry) => entry.prompt?.includes('hang-up'))).toHaveLength(1)
  simulator.script([], { reset: true })
}

/** Short timeouts for the two scenarios below; the wirings are started with them. */
export const shortTimeouts = { SYNC_WAIT_MS: '2500', GENERATE_TIMEOUT_MS: '4000' }

/** An awaited picture over the wait limit gets a 504 that names the task, and is still generated. */
export async function syncWaitExceeded(context: Context): Promise<void> {
  const { simulator } = context
  simulator.script({ match: { promptIncludes: 'slow-picture' }, latencyMs: 3_200 })
  const body = { model: 'gpt-image-2', prompt: 'slow-picture', quality: 'low' }
  const answer = await call(context, '/v1/images/generations', { body })
  expect(answer.status).toBe(504)
  expect(answer.headers.get('x-should-retry')).toBe('false')
  const { error } = (await answer.json()) as { error: { code: string; message: string } }
  expect(error.code).toBe('sync_wait_exceeded')
  const task = /img_[0-9a-f]{32}/.exec(error.message)?.[0] ?? ''
  const state = await eventually(async () => {
    const read = (await (await call(context, `/v1/images/tasks/${task}`)).json()) as {
      status: string
    }
    return read.status === 'done' ? read.status : undefined
  })
  expect(state).toBe('done')
}

/** A call to an upstream that never answers times out; the caller gets the error and is not charged. */
export async function upstreamSilent(context: Context): Promise<void> {
  const { simulator } = context
  const before = await settledBalance(context)
  simulator.script({
    match: { promptIncludes: 'silent' },
    times: null,
    behaviour: { kind: 'hang' },
  })
  const made = await call(context, '/v1/images/generations', {
    body: { model: 'gpt-image-2', prompt: 'silent', quality: 'low', async: true },
  })
  const { id } = (await made.json()) as { id: string }
  const ended = await eventually(async () => {
    const read = (await (await call(context, `/v1/images/tasks/${id}`)).json()) as {
      status: string
      error?: { code: string }
    }
    return read.status === 'failed' ? read : undefined
  }, 40_000)
  expect(ended.error?.code).toBe('upstream_timeout')
  expect(await settledBalance(context)).toEqual(before)
}
