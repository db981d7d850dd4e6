import type { BlobFacts } from '@sluice/blobs/blob-store'
import { partKey } from '@sluice/jobs/blob-keys'
import { isOpen } from '@sluice/jobs/job-record'

import type { RunnerContext } from '../deps.ts'

/** The blob of a part that an earlier holder has stored. */
export interface FoundBlob {
  index: number
  blobKey: string
  facts: BlobFacts
}

/**
 * Finds stored pictures of a job that was claimed before: its last holder may have died between storing a
 * blob and writing the row. Called before the claim, because such a job may need no credential any more.
 */
export async function findStored(
  { store, blobs, log }: Pick<RunnerContext, 'store' | 'blobs' | 'log'>,
  jobId: string,
): Promise<FoundBlob[]> {
  const job = await store.load(jobId)
  if (job?.state !== 'queued') return []
  const found: FoundBlob[] = []
  for (const part of job.parts) {
    if (!isOpen(part) || part.generations === 0) continue
    const blobKey = partKey(jobId, part.index)
    try {
      const facts = await blobs.stat(blobKey)
      if (facts) found.push({ index: part.index, blobKey, facts })
    } catch (err) {
      log.warn(
        { err, jobId, index: part.index },
        'a stored picture cannot be read; it is generated again',
      )
    }
  }
  return found
}
