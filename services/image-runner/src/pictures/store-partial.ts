import { partialKey } from '@sluice/jobs/blob-keys'
import type { HolderMove } from '@sluice/jobs/holder-moves'
import type { GenerateInput } from '@sluice/upstreams/upstream'

import type { RunnerContext } from '../deps.ts'
import type { HeldJob } from '../held-job.ts'

const PARTIAL_BYTES_MAX = 32 * 1024 * 1024

type Partial = Parameters<NonNullable<GenerateInput['onPartial']>>[0]

/**
 * Stores a partial picture and returns the move to write; undefined when it was not requested or already
 * published. A failure to store it does not fail the picture.
 */
export async function storePartial(
  { blobs, log }: Pick<RunnerContext, 'blobs' | 'log'>,
  { held, index, partial }: { held: HeldJob; index: number; partial: Partial },
): Promise<HolderMove | undefined> {
  const { id: jobId, request, parts } = held.job
  const { index: partialIndex, bytes, facts } = partial
  // A second generation of the part repeats numbers that were published before.
  const published = parts[index]?.partials ?? 0
  if (partialIndex >= request.partialImages || partialIndex < published) return undefined
  const blobKey = partialKey(jobId, index, partialIndex)
  const contentType = `image/${facts.format}`
  try {
    await blobs.put(blobKey, bytes, { contentType, bytesMax: PARTIAL_BYTES_MAX })
    return { type: 'partial', index, partialIndex, blobKey, facts }
  } catch (err) {
    log.warn({ err, jobId, index, partialIndex }, 'a partial picture could not be stored')
    return undefined
  }
}
