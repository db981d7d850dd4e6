import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import type { Load } from './seen.ts'

const CALLER_WAITS_MS = 60_000
/** Between two pictures of a caller: it is the faults that are tried here, not the throughput. */
const PAUSE_MS = 100

interface Asking {
  context: Context
  load: Load
  baseUrl?: string
  prompt?: string
}

/** One picture by a caller that waits for it and repeats nothing. */
export async function awaitPicture(asking: Asking): Promise<void> {
  const answer = await submit(asking, {})
  if (answer === undefined) return
  // 504: the caller's patience ended; the task goes on.
  if (answer.status === 200 || answer.status === 504) asking.load.tasks.push(answer.taskId)
  if (answer.status === 200) asking.load.drawn.push(answer.taskId)
}

/** Asks for a task and looks until its picture is there. */
export async function pollPicture(asking: Asking): Promise<void> {
  const taskId = await beginPicture(asking)
  if (taskId !== undefined) await followPicture(asking, taskId)
}

/** A task that was accepted: its id; undefined when it was refused. */
export async function beginPicture(asking: Asking): Promise<string | undefined> {
  const answer = await submit(asking, { async: true })
  if (answer?.status !== 202 && answer?.status !== 200) return undefined
  asking.load.tasks.push(answer.taskId)
  return answer.taskId
}

/** Looks until the task has ended, over whatever is refused meanwhile. */
export async function followPicture({ context, load, baseUrl }: Asking, taskId: string) {
  const at = askedAt(context, baseUrl)
  await eventually(async () => {
    const answer = await call(at, `/v1/images/tasks/${taskId}`).catch(() => undefined)
    const task = answer?.ok ? ((await answer.json()) as { status: string }) : undefined
    if (!answer?.ok) await answer?.arrayBuffer()
    if (task?.status === 'done') load.drawn.push(taskId)
    return task && ['done', 'failed', 'cancelled'].includes(task.status) ? task : undefined
  }, CALLER_WAITS_MS)
}

async function submit(
  { context, load, baseUrl, prompt = 'a pier' }: Asking,
  extra: { async?: true },
): Promise<{ status: number; taskId: string } | undefined> {
  try {
    const answer = await call(askedAt(context, baseUrl), '/v1/images/generations', {
      body: { model: 'gpt-image-2', prompt, size: '1024x1024', quality: 'low', ...extra },
      signal: AbortSignal.timeout(CALLER_WAITS_MS),
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

const askedAt = ({ running, simulator }: Context, baseUrl = running.baseUrl): Context => ({
  running: { ...running, baseUrl },
  simulator,
})

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS))
