import { ApiError, readApiError } from '#lib/api/api-error.ts'
import type { Clock } from '@sluice/kernel/clock'

import { fileNameOf } from './file-name.ts'
import { linkEndsAtMs } from './picture-link.ts'
import type { Picture, Task } from './task.ts'

/** A link must be valid for at least this long to start a download. */
const LINK_LEFT_MS_MIN = 10_000
/** By then the browser has read the bytes from memory. */
const TAKEN_WITHIN_MS = 60_000

export interface DownloadInput {
  task: Task
  picture: Picture
  clock: Clock
  /** Reads the task again, for expired links. */
  refresh: (id: string) => Promise<Task>
}

/**
 * Saves the stored picture under a readable name. Browser only. Uses an object URL, because the file name of
 * the picture server would override that of a link. Rejects with an ApiError.
 */
export async function downloadPicture(input: DownloadInput): Promise<void> {
  const url = await workingLink(input)
  if (url === null) return
  const objectUrl = URL.createObjectURL(await fetchPicture(url))
  input.clock.after(TAKEN_WITHIN_MS, () => URL.revokeObjectURL(objectUrl))
  const anchor = document.createElement('a')
  anchor.href = objectUrl
  anchor.download = fileNameOf(input.task, input.picture)
  anchor.click()
}

async function workingLink({ task, picture, clock, refresh }: DownloadInput) {
  const { url, index } = picture
  if (url !== null && linkEndsAtMs(url) - clock.nowMs() > LINK_LEFT_MS_MIN) return url
  const fresh = await refresh(task.id)
  return fresh.pictures.find((one) => one.index === index)?.url ?? null
}

async function fetchPicture(url: string): Promise<Blob> {
  const answer = await fetch(url).catch((cause: unknown) => {
    throw new ApiError('The picture server is unreachable.', { code: 'network', status: 0, cause })
  })
  if (!answer.ok) throw await readApiError(answer)
  return answer.blob()
}
