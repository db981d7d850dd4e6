import { oneOf, readFilter } from '../lists/read-filter.ts'

export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

/** The tone of each state. */
export const jobTones = {
  queued: 'idle',
  running: 'busy',
  done: 'ok',
  failed: 'bad',
  cancelled: 'idle',
} as const satisfies Record<JobState, string>

/** The filter of the image job list, read from the URL. */
export function readJobFilter(params: URLSearchParams) {
  const { q, state, from, to, user_id } = readFilter(params, [
    'q',
    'state',
    'from',
    'to',
    'user_id',
  ])
  const known = oneOf(state, jobStates)
  const isDay = (text: string | undefined) =>
    text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
  const isUser = user_id !== undefined && /^usr_[0-9a-f]{32}$/.test(user_id)
  return {
    ...(q && { q }),
    ...(known && { state: known }),
    ...(from && isDay(from) && { from }),
    ...(to && isDay(to) && { to }),
    ...(isUser && { user_id }),
  }
}

/** The duration from the start to the end or to now; undefined while the job is queued. */
export function tookMs(
  job: { started_at: string | null; ended_at: string | null },
  nowMs: number,
): number | undefined {
  if (job.started_at === null) return undefined
  const endMs = job.ended_at === null ? nowMs : Date.parse(job.ended_at)
  return Math.max(0, endMs - Date.parse(job.started_at))
}
