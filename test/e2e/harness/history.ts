import type { Context } from './context.ts'
import { call, eventually } from './context.ts'

export interface Sent {
  key: string
  prompt: string
  /** The task's id, if an answer named it. */
  task: string | undefined
  /** The outcome of the first request: a status, or `unknown` when the connection broke. */
  first: number | 'unknown'
}

/** Sends one async image request with an Idempotency-Key; a broken connection is an unknown outcome. */
export async function requestOnce(context: Context, key: string): Promise<Sent> {
  const prompt = `crash ${key}`
  const answer = await send(context, key, prompt).catch(() => undefined)
  return { key, prompt, first: answer?.status ?? 'unknown', task: answer?.task }
}

/** Repeats a request until it is accepted, as a client does after an unknown outcome. */
export async function requestAgain(context: Context, sent: Sent): Promise<string> {
  return eventually(async () => {
    const answer = await send(context, sent.key, sent.prompt).catch(() => undefined)
    return answer?.status === 202 || answer?.status === 200 ? answer.task : undefined
  }, 60_000)
}

/** Waits until the task has ended; returns its final state. */
export async function untilEnded(context: Context, task: string): Promise<string> {
  return eventually(async () => {
    const answer = await call(context, `/v1/images/tasks/${task}`).catch(() => undefined)
    const body = answer?.ok ? ((await answer.json()) as { status: string }) : undefined
    return body && ['done', 'failed', 'cancelled'].includes(body.status) ? body.status : undefined
  }, 90_000)
}

async function send(context: Context, key: string, prompt: string) {
  const answer = await call(context, '/v1/images/generations', {
    body: { model: 'gpt-image-2', prompt, quality: 'low', size: '1024x1024', async: true },
    headers: { 'idempotency-key': key },
    signal: AbortSignal.timeout(20_000),
  })
  const body = (await answer.json()) as { id?: string }
  return { status: answer.status, task: body.id }
}
