import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, client, eventually } from '../harness/context.ts'
import { quietBalance } from '../harness/ledger.ts'

/** One bad answer of the upstream is repaired behind the caller's back; many are told truthfully and cost nothing. */
export async function upstreamTrouble(context: Context): Promise<void> {
  const { simulator } = context
  const api = client(context)
  const before = await quietBalance(context)
  simulator.script({
    match: { promptIncludes: 'once-500' },
    behaviour: { kind: 'status', status: 500, type: 'server_error' },
  })
  const repaired = await api.images.generate({
    model: 'gpt-image-2',
    prompt: 'once-500',
    quality: 'low',
  })
  expect(repaired.data).toHaveLength(1)
  const paid = await quietBalance(context)

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

  expect(await quietBalance(context)).toEqual(paid)
  expect(paid.availableMicro).toBeLessThan(before.availableMicro)
  simulator.script([], { reset: true })
}

/** 429 rests the credential for as long as the upstream says; the job waits its turn and is drawn. */
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

/** A caller who hangs up in mid-job loses nothing: the picture is there by its key, and paid once. */
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
  const before = await quietBalance(context)
  const leave = new AbortController()
  const first = call(context, '/v1/images/generations', { body, headers, signal: leave.signal })
  await eventually(async () => simulator.log().find((entry) => entry.prompt?.includes('hang-up')))
  leave.abort()
  await expect(first).rejects.toThrow(/abort/i)
  const again = await call(context, '/v1/images/generations', { body, headers })
  expect(again.status).toBe(200)
  expect(await again.json()).toMatchObject({ data: [{ b64_json: expect.any(String) }] })
  const after = await quietBalance(context)
  const third = await call(context, '/v1/images/generations', { body, headers })
  expect(third.status).toBe(200)
  await third.arrayBuffer()
  expect(await quietBalance(context)).toEqual(after)
  expect(after.availableMicro).toBeLessThan(before.availableMicro)
  expect(simulator.log().filter((entry) => entry.prompt?.includes('hang-up'))).toHaveLength(1)
  simulator.script([], { reset: true })
}

/** Settings under which the two scenarios below are quick; the wirings are started with them. */
export const abortScope = { SYNC_WAIT_MS: '2500', GENERATE_TIMEOUT_MS: '4000' }

/** An awaited picture that takes too long gets a truthful 504 that names the task, and is drawn all the same. */
export async function syncWaitExceeded(context: Context): Promise<void> {
  const { simulator } = context
  simulator.script({ match: { promptIncludes: 'slow-draw' }, latencyMs: 3_200 })
  const body = { model: 'gpt-image-2', prompt: 'slow-draw', quality: 'low' }
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

/** An upstream that never answers is given up in time; the caller is told, and pays for nothing that was not drawn. */
export async function upstreamSilent(context: Context): Promise<void> {
  const { simulator } = context
  const before = await quietBalance(context)
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
  expect(await quietBalance(context)).toEqual(before)
}
