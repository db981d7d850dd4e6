import type { JobState } from '@sluice/jobs/image-job'
import type { JobCursor, JobListQuery } from '@sluice/jobs/list-store'
import { AppError } from '@sluice/kernel/app-error'

import type { taskStatuses } from '../../images/answer-with-task.ts'
import type { ControlCall } from '../handlers.ts'

const DAY_MS = 86_400_000

/** Converts a list's query for the job store. Throws `invalid_value` for a cursor of another list. */
export function jobListQuery(query: ControlCall<'listImages'>['query']): JobListQuery {
  const { state, model, q, from, to, cursor, limit } = query
  const toMs = to === undefined ? undefined : startOf(to).getTime() + DAY_MS
  return {
    limit,
    model,
    promptPart: q,
    state: state && jobStates[state],
    createdFrom: from === undefined ? undefined : startOf(from),
    createdBefore: toMs === undefined ? undefined : new Date(toMs),
    after: cursor === undefined ? undefined : readCursor(cursor),
  }
}

const startOf = (day: string) => new Date(`${day}T00:00:00.000Z`)

const jobStates = {
  queued: 'queued',
  running: 'claimed',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies { [Status in (typeof taskStatuses)[JobState]]: JobState }

/** An opaque cursor of a position in the list. */
export function writeCursor(next: JobCursor | null): string | null {
  return next && Buffer.from(`${next.createdAt.getTime()}.${next.id}`).toString('base64url')
}

function readCursor(cursor: string): JobCursor {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const [, ms = '', id = ''] = /^(\d{1,15})\.(img_[0-9a-f]{32})$/.exec(text) ?? []
  if (id === '')
    throw new AppError('invalid_value', "'cursor' must be the next_cursor of the previous page.", {
      param: 'cursor',
    })
  return { createdAt: new Date(Number(ms)), id }
}
