import type { Task } from './task.ts'

const tones = {
  queued: 'idle',
  running: 'busy',
  done: 'ok',
  failed: 'bad',
  cancelled: 'idle',
} as const satisfies Record<Task['state'], string>

/** The colour of a task's dot. */
export const toneOf = (state: Task['state']) => tones[state]
