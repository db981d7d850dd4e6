import type { Claim } from '@sluice/jobs/job-record'

import type { HeldJob } from './held-job.ts'

/** The jobs that this runner holds a claim of. */
export interface HeldJobs {
  readonly size: number
  add(job: HeldJob): void
  remove(job: HeldJob): void
  find(jobId: string): HeldJob | undefined
  all(): HeldJob[]
  claims(): Claim[]
}

export function createHeldJobs(): HeldJobs {
  const jobs = new Map<string, HeldJob>()
  return {
    get size() {
      return jobs.size
    },
    add: (held) => void jobs.set(held.job.id, held),
    remove: (held) => {
      if (jobs.get(held.job.id) === held) jobs.delete(held.job.id)
    },
    find: (jobId) => jobs.get(jobId),
    all: () => [...jobs.values()],
    claims: () => [...jobs.values()].map(({ job }) => ({ jobId: job.id, fence: job.fence })),
  }
}
