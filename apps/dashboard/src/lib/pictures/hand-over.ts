import type { Task } from './task.ts'

const NAME = 'sluice.studio.hand-over'

type Request = Pick<
  Task,
  'prompt' | 'model' | 'size' | 'count' | 'quality' | 'format' | 'background' | 'references'
>

/** Leaves a task's request for the studio, which this tab opens next. */
export function handOver(task: Task): void {
  const { prompt, model, size, count, quality, format, background, references } = task
  const request = { prompt, model, size, count, quality, format, background, references }
  try {
    sessionStorage.setItem(NAME, JSON.stringify(request))
  } catch {
    // The studio opens as it was left.
  }
}

/** What was left, once; undefined when there is nothing. */
export function takeOver(): Request | undefined {
  try {
    const text = sessionStorage.getItem(NAME)
    sessionStorage.removeItem(NAME)
    return text === null ? undefined : asRequest(JSON.parse(text))
  } catch {
    return undefined
  }
}

// Written by `handOver` only; the form fits every value to what the models can do.
const asRequest = (storage: unknown) => storage as Request
