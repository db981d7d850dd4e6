import type { ImageTask, ImageTaskDetail, ShownPicture } from '@sluice/contracts/control/images'

/** A task as a page knows it: from a list, or whole with its money. */
export type Task = ImageTask & Partial<Pick<ImageTaskDetail, 'held_micro' | 'charged_micro'>>
export type Picture = ShownPicture

/** Every state, in the order of a task's life. */
export const taskStates = [
  'queued',
  'running',
  'done',
  'failed',
  'cancelled',
] as const satisfies readonly Task['state'][]

/** True when nothing of the task will change any more, but for its bill. */
export function hasEnded({ state }: Pick<Task, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}
