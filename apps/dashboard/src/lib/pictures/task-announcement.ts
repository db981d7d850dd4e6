import { hasEnded } from './task.ts'
import type { Task } from './task.ts'

/** State changes of a task that are announced to screen readers. */
export type TaskAnnouncement =
  | { name: 'queued'; position: number | null }
  | { name: 'generating' }
  | { name: 'done'; stored: number; failed: number }
  | { name: 'failed'; code: string }
  | { name: 'cancelled' }

/**
 * The announcement for a new version of a task; undefined if its state has not changed. Partial pictures and
 * queue moves are not announced, because they are too frequent.
 */
export function announcementOf(before: Task | undefined, task: Task): TaskAnnouncement | undefined {
  if (before?.state === task.state) return undefined
  // Tasks that had ended before the page was opened are not announced.
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
