import { unreachable } from '@sluice/kernel/assert'

import type { Picture, Task } from './task.ts'

interface Failure {
  code: string
  message: string
}

/** What a tile shows for one picture. */
export type Stage =
  /** `position` is 1 for the next task in the queue; null if it is unknown or no task is ahead. */
  | { name: 'queued'; position: number | null }
  /** `sinceMs` is when generation started. */
  | { name: 'generating'; sinceMs: number | null; partialUrl: string | null }
  | { name: 'stored'; url: string }
  /** It was stored, but its bytes have been deleted. */
  | { name: 'deleted' }
  | { name: 'failed'; failure: Failure }
  | { name: 'cancelled' }

const UNKNOWN_FAILURE: Failure = { code: 'internal_error', message: '' }

/** The stage of one picture. The end of the task overrides the last known state of the picture. */
export function stageOf(task: Task, picture: Picture): Stage {
  switch (picture.state) {
    case 'stored':
      return picture.url ? { name: 'stored', url: picture.url } : { name: 'deleted' }
    case 'failed':
      return { name: 'failed', failure: picture.failure ?? task.failure ?? UNKNOWN_FAILURE }
    case 'cancelled':
      return { name: 'cancelled' }
    case 'waiting':
    case 'generating':
      return endedStage(task, picture) ?? openStage(task, picture)
    default:
      return unreachable(picture.state)
  }
}

function endedStage(task: Task, { failure }: Picture): Stage | undefined {
  if (task.state === 'cancelled') return { name: 'cancelled' }
  if (task.state !== 'failed' && task.state !== 'done') return undefined
  return { name: 'failed', failure: failure ?? task.failure ?? UNKNOWN_FAILURE }
}

function openStage(task: Task, { state, partial_url: partialUrl }: Picture): Stage {
  if (state === 'waiting') return { name: 'queued', position: task.position }
  const since = task.started_at === null ? null : Date.parse(task.started_at)
  return { name: 'generating', sinceMs: since, partialUrl }
}

/** All pictures of a task; those without a known state are waiting. */
export function picturesOf(task: Task): Picture[] {
  const known = new Map(task.pictures.map((picture) => [picture.index, picture]))
  return Array.from({ length: task.count }, (_, index) => known.get(index) ?? waiting(index))
}

const waiting = (index: number): Picture => ({
  index,
  state: 'waiting',
  url: null,
  width: null,
  height: null,
  bytes: null,
  format: null,
  revised_prompt: null,
  partial_url: null,
  failure: null,
})

/** The number of failed pictures of a task that ended as done; 0 for every other task. */
export function failedCount({ state, count, pictures }: Task): number {
  if (state !== 'done') return 0
  return count - pictures.filter((picture) => picture.state === 'stored').length
}

/** Why a task cannot be cancelled now; null when it can be. */
export function cancelRefusal(task: Task): 'generating' | 'ended' | null {
  if (task.state === 'queued') return null
  return task.state === 'running' ? 'generating' : 'ended'
}
