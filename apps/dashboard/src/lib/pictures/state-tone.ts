import type { Task } from './task.ts'

const tones = {
  queued: 'idle',
  running: 'busy',
  done: 'ok',
  failed: 'bad',
  cancelled: 'idle',
} as const satisfies Record<Task['state'], string>

/** The tone of a task's state dot. */
export const toneOf = (state: Task['state']) => tones[state]
