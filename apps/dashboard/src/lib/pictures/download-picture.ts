import { fileNameOf } from './file-name.ts'
import { linkEndsAtMs } from './picture-link.ts'
import type { Picture, Task } from './task.ts'

/** A link must live so long yet for a download to begin with it. */
const LINK_LEFT_MS_MIN = 10_000

export interface DownloadInput {
  task: Task
  picture: Picture
  nowMs: number
  /** Reads the task anew, for links that have ended. */
  refresh: (id: string) => Promise<Task>
}

/** Saves the stored picture under a sensible name. Browser only. Rejects when there is no link to be had. */
export async function downloadPicture({
  task,
  picture,
  nowMs,
  refresh,
}: DownloadInput): Promise<void> {
  let url = picture.url
  if (url === null || linkEndsAtMs(url) - nowMs < LINK_LEFT_MS_MIN) {
    const fresh = await refresh(task.id)
    url = fresh.pictures.find(({ index }) => index === picture.index)?.url ?? null
  }
  if (url === null) return
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = fileNameOf(task, picture)
  anchor.click()
}
