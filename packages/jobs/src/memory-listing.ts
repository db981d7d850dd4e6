import type { JobRecord } from './job-record.ts'
import type {
  FailureQuery,
  FailureSum,
  JobCounts,
  JobFilter,
  JobListQuery,
  JobPage,
  JobRange,
} from './list-store.ts'
import { SCAN_ROWS_MAX, searchedPrompt, searchedText } from './list-store.ts'

/** A page of the list, with the same result as in PostgreSQL. */
export function listFrom(jobs: JobRecord[], query: JobListQuery): JobPage {
  const scanned = jobs.filter((job) => inScanRange(job, query)).sort(byAgeDown)
  const matching = scanned.slice(0, SCAN_ROWS_MAX).filter((job) => matchesFilter(job, query))
  const page = matching.slice(0, query.limit)
  const last = matching.length > query.limit ? page.at(-1) : scanned[SCAN_ROWS_MAX - 1]
  return { jobs: page, next: last ? { createdAt: last.createdAt, id: last.id } : null }
}

/** The counts, with the same result as in PostgreSQL. */
export function countAmong(
  jobs: readonly JobRecord[],
  { endedSince }: { endedSince: Date },
): JobCounts {
  const among = (state: JobRecord['state']) => jobs.filter((job) => job.state === state)
  const endedAs = (state: JobRecord['state']) =>
    among(state).filter(({ endedAt }) => endedAt !== null && endedAt >= endedSince).length
  const queued = among('queued')
  const byAge = queued.map(({ queuedAt }) => queuedAt).sort((a, b) => a.getTime() - b.getTime())
  return {
    queued: queued.length,
    oldestQueuedAt: byAge[0] ?? null,
    generating: among('claimed').length,
    done: endedAs('done'),
    failed: endedAs('failed'),
  }
}

/** Failed jobs by day and model, with the same result as in PostgreSQL. */
export function countFailedAmong(
  jobs: readonly JobRecord[],
  { wallet, from, until, apiKeyId, model, rowsMax }: FailureQuery,
): FailureSum[] {
  const failed = jobs.filter(
    (job) =>
      job.state === 'failed' &&
      job.wallet === wallet &&
      job.createdAt >= from &&
      job.createdAt < until &&
      (apiKeyId === undefined || job.apiKeyId === apiKeyId) &&
      (model === undefined || job.request.model === model),
  )
  const dayOf = ({ createdAt }: JobRecord) => createdAt.toISOString().slice(0, 10)
  const groups = Map.groupBy(failed, (job) => `${dayOf(job)} ${job.request.model}`)
  return [...groups].slice(0, rowsMax).map(([key, group]) => ({
    day: key.slice(0, 10),
    model: key.slice(11),
    failures: group.length,
  }))
}

function inScanRange({ wallet, createdAt, id }: JobRecord, range: JobRange): boolean {
  const { createdFrom, createdBefore, after } = range
  const inRange = {
    wallet: range.wallet === undefined || wallet === range.wallet,
    createdFrom: createdFrom === undefined || createdAt >= createdFrom,
    createdBefore: createdBefore === undefined || createdAt < createdBefore,
    after: after === undefined || byAgeDown({ createdAt, id }, after) > 0,
  } satisfies Record<keyof JobRange, boolean>
  return Object.values(inRange).every(Boolean)
}

function matchesFilter({ state, request }: JobRecord, filter: JobFilter): boolean {
  const { promptPart } = filter
  const matches = {
    state: filter.state === undefined || state === filter.state,
    model: filter.model === undefined || request.model === filter.model,
    promptPart:
      promptPart === undefined || searchedPrompt(request.prompt).includes(searchedText(promptPart)),
  } satisfies Record<keyof JobFilter, boolean>
  return Object.values(matches).every(Boolean)
}

const byAgeDown = (a: Aged, b: Aged) =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : Number(a.id > b.id) * -1)

type Aged = Pick<JobRecord, 'createdAt' | 'id'>
