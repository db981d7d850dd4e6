import { unreachable } from '@sluice/kernel/assert'

import type { Picture, Task } from './task.ts'

interface Failure {
  code: string
  message: string
}

/** What a tile shows of one picture. */
export type Stage =
  /** `position` is 1 for the next task in line; null where nobody waits before it, or nobody knows. */
  | { name: 'queued'; position: number | null }
  /** `sinceMs` is when drawing began. */
  | { name: 'generating'; sinceMs: number | null; partialUrl: string | null }
  | { name: 'stored'; url: string }
  /** It was stored, and its bytes are there no more. */
  | { name: 'gone' }
  | { name: 'failed'; failure: Failure }
  | { name: 'cancelled' }

const UNSAID: Failure = { code: 'internal_error', message: '' }

/** The stage of one picture. A task's own end wins over what was last heard of its picture. */
export function stageOf(task: Task, picture: Picture): Stage {
  switch (picture.state) {
    case 'stored':
      return picture.url ? { name: 'stored', url: picture.url } : { name: 'gone' }
    case 'failed':
      return { name: 'failed', failure: picture.failure ?? task.failure ?? UNSAID }
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
  return { name: 'failed', failure: failure ?? task.failure ?? UNSAID }
}

function openStage(task: Task, { state, partial_url: partialUrl }: Picture): Stage {
  if (state === 'waiting') return { name: 'queued', position: task.position }
  const since = task.started_at === null ? null : Date.parse(task.started_at)
  return { name: 'generating', sinceMs: since, partialUrl }
}

/** A task's pictures, all of them: those that no reading has named yet wait. */
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

/** How many pictures failed of a task that ended with others stored; 0 for every other task. */
export function lostBeside({ state, count, pictures }: Task): number {
  if (state !== 'done') return 0
  return count - pictures.filter((picture) => picture.state === 'stored').length
}

/** Why a task cannot be cancelled now; null when it can be. */
export function cancelRefusal(task: Task): 'generating' | 'ended' | null {
  if (task.state === 'queued') return null
  return task.state === 'running' ? 'generating' : 'ended'
}
