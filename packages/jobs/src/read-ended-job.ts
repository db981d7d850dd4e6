import type { PictureUsage } from '@sluice/contracts/usage'
import type { Tables } from '@sluice/db/tables'
import type { Kysely, Transaction } from 'kysely'

import type { JobState } from './image-job.ts'
import type { JobRecord } from './job-record.ts'
import { hasEnded } from './job-record.ts'
import { fromColumn } from './store/job-row.ts'

export interface EndedJob {
  state: Extract<JobState, 'done' | 'failed' | 'cancelled'>
  wallet: string
  apiKeyId: string
  model: string
  /** The stored pictures, which are charged; empty unless the state is `done`. */
  pictures: PictureUsage[]
}

/**
 * Reads an ended job for the transaction that captures its hold. Undefined for a job that is running or does
 * not exist. An ended job never changes, so no lock is needed.
 */
export async function readEndedJob(
  db: Kysely<Tables> | Transaction<Tables>,
  jobId: string,
): Promise<EndedJob | undefined> {
  const row = await db
    .selectFrom('image_jobs')
    .select(['state', 'wallet', 'api_key_id', 'model', 'parts'])
    .where('id', '=', jobId)
    .executeTakeFirst()
  return (
    row &&
    describeEnd({
      state: fromColumn<JobState>(row.state),
      wallet: row.wallet,
      apiKeyId: row.api_key_id,
      request: { model: row.model },
      parts: fromColumn<JobRecord['parts']>(row.parts),
    })
  )
}

/** Whether a job exists and has not ended: its hold must not expire. */
export async function isJobRunning(
  db: Kysely<Tables> | Transaction<Tables>,
  jobId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('image_jobs')
    .select('state')
    .where('id', '=', jobId)
    .executeTakeFirst()
  return row !== undefined && !isEnd(fromColumn<JobState>(row.state))
}

/** Returns those of these jobs that exist, in any state. */
export async function findJobs(
  db: Kysely<Tables> | Transaction<Tables>,
  jobIds: readonly string[],
): Promise<string[]> {
  if (jobIds.length === 0) return []
  const rows = await db
    .selectFrom('image_jobs')
    .select('id')
    .where('id', 'in', [...jobIds])
    .execute()
  return rows.map(({ id }) => id)
}

/** The facts of an ended job; undefined while it is running. */
export function describeEnd({
  state,
  wallet,
  apiKeyId,
  request,
  parts,
}: Pick<JobRecord, 'state' | 'wallet' | 'apiKeyId' | 'parts'> & {
  request: { model: string }
}): EndedJob | undefined {
  if (!isEnd(state)) return undefined
  const pictures = parts.flatMap(({ stored }) => {
    if (!stored) return []
    const { width, height, quality } = stored.facts
    return [{ width, height, quality }]
  })
  return { state, wallet, apiKeyId, model: request.model, pictures }
}

const isEnd = (state: JobState): state is EndedJob['state'] => hasEnded({ state })
