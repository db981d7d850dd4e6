import type { Task } from './task.ts'

const NAME = 'sluice.studio.hand-over'

type Request = Pick<
  Task,
  'prompt' | 'model' | 'size' | 'count' | 'quality' | 'format' | 'background' | 'references'
>

/** Stores a task's request for the studio page that this tab opens next. */
export function storeStudioRequest(task: Task): void {
  const { prompt, model, size, count, quality, format, background, references } = task
  const request = { prompt, model, size, count, quality, format, background, references }
  try {
    sessionStorage.setItem(NAME, JSON.stringify(request))
  } catch {
    // Without storage the studio opens with its previous settings.
  }
}

/** Takes the stored request; undefined if there is none. */
export function takeStudioRequest(): Request | undefined {
  try {
    const text = sessionStorage.getItem(NAME)
    sessionStorage.removeItem(NAME)
    return text === null ? undefined : asRequest(JSON.parse(text))
  } catch {
    return undefined
  }
}

// Written by `storeStudioRequest` only; the form adjusts every value to the models.
const asRequest = (stored: unknown) => stored as Request
