import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import type { Load } from './load-results.ts'

const REQUEST_TIMEOUT_MS = 60_000
/** Between two pictures of a caller: faults are tested here, not throughput. */
const PAUSE_MS = 100

interface PictureRequest {
  context: Context
  load: Load
  baseUrl?: string
  prompt?: string
}

/** One awaited picture, without retries. */
export async function awaitPicture(request: PictureRequest): Promise<void> {
  const answer = await submit(request, {})
  if (answer === undefined) return
  // 504: the wait limit was exceeded; the task continues.
  if (answer.status === 200 || answer.status === 504) request.load.tasks.push(answer.taskId)
  if (answer.status === 200) request.load.generated.push(answer.taskId)
}

/** Creates a task and polls it until its picture is generated. */
export async function pollPicture(request: PictureRequest): Promise<void> {
  const taskId = await beginPicture(request)
  if (taskId !== undefined) await followPicture(request, taskId)
}

/** Creates a task; its id, or undefined when it was refused. */
export async function beginPicture(request: PictureRequest): Promise<string | undefined> {
  const answer = await submit(request, { async: true })
  if (answer?.status !== 202 && answer?.status !== 200) return undefined
  request.load.tasks.push(answer.taskId)
  return answer.taskId
}

/** Polls until the task has ended, ignoring failed polls. */
export async function followPicture({ context, load, baseUrl }: PictureRequest, taskId: string) {
  const at = contextAt(context, baseUrl)
  await eventually(async () => {
    const answer = await call(at, `/v1/images/tasks/${taskId}`).catch(() => undefined)
    const task = answer?.ok ? ((await answer.json()) as { status: string }) : undefined
    if (!answer?.ok) await answer?.arrayBuffer()
    if (task?.status === 'done') load.generated.push(taskId)
    return task && ['done', 'failed', 'cancelled'].includes(task.status) ? task : undefined
  }, REQUEST_TIMEOUT_MS)
}

async function submit(
  { context, load, baseUrl, prompt = 'a pier' }: PictureRequest,
  extra: { async?: true },
): Promise<{ status: number; taskId: string } | undefined> {
  try {
    const answer = await call(contextAt(context, baseUrl), '/v1/images/generations', {
      body: { model: 'gpt-image-2', prompt, size: '1024x1024', quality: 'low', ...extra },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    if (answer.status >= 400) load.refused.push(answer.status)
    return { status: answer.status, taskId: answer.headers.get('x-sluice-task-id') ?? '' }
  } catch {
    load.refused.push(0)
    return undefined
  } finally {
    await pause()
  }
}

const contextAt = ({ running, simulator }: Context, baseUrl = running.baseUrl): Context => ({
  running: { ...running, baseUrl },
  simulator,
})

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS))
