import { hasEnded } from './task.ts'
import type { Task } from './task.ts'

/** What is worth a sentence to somebody who cannot see the page: changes of a task as a whole. */
export type TaskNews =
  | { name: 'queued'; position: number | null }
  | { name: 'generating' }
  | { name: 'done'; stored: number; failed: number }
  | { name: 'failed'; code: string }
  | { name: 'cancelled' }

/**
 * What a new reading tells beside the one before; undefined when nothing that matters has changed. Partial
 * pictures and moves in the line are no news: they would drown the rest.
 */
export function newsOf(before: Task | undefined, task: Task): TaskNews | undefined {
  if (before?.state === task.state) return undefined
  // What had ended before the page was opened is history.
  if (!before && hasEnded(task)) return undefined
  switch (task.state) {
    case 'queued':
      return { name: 'queued', position: task.position }
    case 'running':
      return { name: 'generating' }
    case 'cancelled':
      return { name: 'cancelled' }
    case 'failed':
      return { name: 'failed', code: task.failure?.code ?? 'internal_error' }
    case 'done': {
      const stored = task.pictures.filter(({ state }) => state === 'stored').length
      return { name: 'done', stored, failed: task.count - stored }
    }
  }
}
