import type { ImageTask, ImageTaskDetail, ShownPicture } from '@sluice/contracts/control/images'

/** A task from a list, or with its charge from a detail request. */
export type Task = ImageTask & Partial<Pick<ImageTaskDetail, 'held_micro' | 'charged_micro'>>
export type Picture = ShownPicture

/** All states in the order of a task's lifecycle. */
export const taskStates = [
  'queued',
  'running',
  'done',
  'failed',
  'cancelled',
] as const satisfies readonly Task['state'][]

/** True when the task has ended; only its charge may still change. */
export function hasEnded({ state }: Pick<Task, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}
