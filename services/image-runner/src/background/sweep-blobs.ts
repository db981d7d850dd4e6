import {
  inputsPrefix,
  jobOfKey,
  JOBS_PREFIX,
  partialsPrefix,
  partsPrefix,
} from '@sluice/jobs/blob-keys'
import type { JobRecord } from '@sluice/jobs/job-record'
import { LEFTOVERS_RETENTION_MS, planSweep } from '@sluice/jobs/sweep'

import type { RunnerContext } from '../deps.ts'

type SweepContext = Pick<RunnerContext, 'store' | 'blobs' | 'clock' | 'counters' | 'log'>

const JOBS_MAX = 100
const BLOBS_OF_JOB_MAX = 1_000
const ORPHANS_AT_ONCE_MAX = 200

/** Removes blobs of ended jobs: partial pictures, then inputs and blobs that are not part of the job. */
export async function sweepEndedJobs(context: SweepContext): Promise<void> {
  const { store, clock } = context
  const now = clock.now()
  for (const job of await store.listSweepable({ now, limit: JOBS_MAX })) {
    const plan = planSweep(job, now)
    if (plan.partials) await removeBelow(context, partialsPrefix(job.id))
    if (plan.leftovers) {
      await removeBelow(context, inputsPrefix(job.id))
      const stored = storedKeys(job)
      await removeBelow(context, partsPrefix(job.id), (key) => !stored.has(key))
    }
    await store.markSwept({ jobId: job.id, nextAt: plan.nextAt })
  }
}

/**
 * Removes blobs of jobs that do not exist: inputs whose job was never inserted. Scans all blobs, so it runs
 * rarely.
 */
export async function sweepOrphans(context: SweepContext): Promise<void> {
  const { blobs, clock } = context
  const before = clock.nowMs() - LEFTOVERS_RETENTION_MS
  let page = new Map<string, string[]>()
  for await (const { key, storedAt } of blobs.walk(JOBS_PREFIX)) {
    const jobId = jobOfKey(key)
    if (jobId === undefined || storedAt.getTime() >= before) continue
    page.set(jobId, [...(page.get(jobId) ?? []), key])
    if (page.size < ORPHANS_AT_ONCE_MAX) continue
    await removeOrphans(context, page)
    page = new Map()
  }
  await removeOrphans(context, page)
}

async function removeOrphans(context: SweepContext, page: Map<string, string[]>): Promise<void> {
  const known = new Set(await context.store.findJobs([...page.keys()]))
  for (const [jobId, keys] of page) {
    if (known.has(jobId)) continue
    context.log.info(
      { jobId, blobs: keys.length },
      'removing the blobs of a job that does not exist',
    )
    for (const key of keys) await remove(context, key)
  }
}

const storedKeys = ({ parts }: JobRecord) =>
  new Set(parts.flatMap(({ stored }) => (stored ? [stored.blobKey] : [])))

async function removeBelow(
  context: SweepContext,
  prefix: string,
  isGarbage: (key: string) => boolean = () => true,
): Promise<void> {
  for (const key of await context.blobs.list(prefix, { limit: BLOBS_OF_JOB_MAX })) {
    if (isGarbage(key)) await remove(context, key)
  }
}

async function remove({ blobs, counters }: SweepContext, key: string): Promise<void> {
  await blobs.remove(key)
  counters.swept.add({})
}
