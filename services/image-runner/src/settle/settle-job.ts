import type { HolderMove } from '@sluice/jobs/holder-moves'
import { hasEnded, isOpen } from '@sluice/jobs/job-record'

import type { RunnerContext } from '../deps.ts'
import type { HeldJob } from '../held-job.ts'

/**
 * Ends the claim of a job. Open parts were stopped: the deadline fails them; the shutdown of this runner
 * requeues them; after a lost claim nothing is written.
 */
export async function settleJob(
  { held: heldJobs, counters, log }: Pick<RunnerContext, 'held' | 'counters' | 'log'>,
  { held, cutOff }: { held: HeldJob; cutOff: ReadonlyMap<number, number> },
): Promise<void> {
  const moves = closingMoves(held, cutOff)
  if (moves.length > 0) await held.write(...moves)
  await held.close()
  heldJobs.remove(held)
  const { job, stopped } = held
  if (job.state === 'done' || job.state === 'failed') counters.jobs.add({ state: job.state })
  else if (stopped === 'lost') counters.claims.add({ end: 'lost' })
  else counters.claims.add({ end: 'given-back' })
  const charges = job.parts.reduce((sum, { unconfirmedCharges }) => sum + unconfirmedCharges, 0)
  if (charges > 0 && hasEnded(job)) {
    counters.unconfirmedCharges.add({}, charges)
    log.warn({ jobId: job.id, charges }, 'an upstream may have charged for pictures not received')
  }
}

function closingMoves(held: HeldJob, cutOff: ReadonlyMap<number, number>): HolderMove[] {
  const { job, stopped } = held
  if (hasEnded(job) || stopped === 'lost') return []
  if (stopped === 'drain') {
    const unconfirmedCharges = Object.fromEntries(cutOff)
    return [{ type: 'requeue', reason: 'its runner stopped', unconfirmedCharges }]
  }
  const failure =
    stopped === 'deadline'
      ? { code: 'upstream_timeout', message: 'The picture was not generated in time.' }
      : { code: 'internal_error', message: 'The picture could not be generated.' }
  return job.parts.filter(isOpen).map(({ index }) => ({
    type: 'fail',
    index,
    failure,
    unconfirmedCharges: cutOff.get(index) ?? 0,
  }))
}
