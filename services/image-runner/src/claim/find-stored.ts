import type { BlobFacts } from '@sluice/blobs/blob-store'
import { partKey } from '@sluice/jobs/blob-keys'
import { isOpen } from '@sluice/jobs/job-record'

import type { RunnerContext } from '../deps.ts'

/** A part whose blob an earlier holder had stored. */
export interface FoundBlob {
  index: number
  blobKey: string
  facts: BlobFacts
}

/**
 * Looks for pictures of a job that was claimed before: its last holder may have died between storing
 * one and saying so. Looked at before the claim, because such a job may need no credential any more.
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
      log.warn({ err, jobId, index: part.index }, 'a stored picture cannot be read; drawing again')
    }
  }
  return found
}
