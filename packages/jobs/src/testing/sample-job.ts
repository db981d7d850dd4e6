import type { StoredPart } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'
import { sampleImageRequest } from '@sluice/contracts/testing/sample-image-request'

import { partKey } from '../blob-keys.ts'
import type { NewImageJob } from '../image-job.ts'

/** A valid id, deterministic for a number. */
export const sampleId = (prefix: string, number: number): string =>
  `${prefix}_${number.toString(16).padStart(32, '0')}`

export interface SampleJob {
  number?: number
  wallet?: number
  now: Date
  /** Time until the deadline. */
  lastsMs?: number
  request?: Partial<ImageRequest>
}

/** A job as edge-api submits it. */
export function sampleJob({
  number = 1,
  wallet = 1,
  now,
  lastsMs = 600_000,
  request,
}: SampleJob): NewImageJob {
  return {
    id: sampleId('img', number),
    wallet: sampleId('wal', wallet),
    apiKeyId: sampleId('key', wallet),
    bodyHash: number.toString(16).padStart(64, '0'),
    deadlineAt: new Date(now.getTime() + lastsMs),
    request: sampleImageRequest(request),
  }
}

/** A stored picture of a job. */
export function samplePart(jobId: string, index: number, content = 'a'): StoredPart {
  return {
    index,
    blobKey: partKey(jobId, index),
    bytes: 1_000 + index,
    sha256: content.repeat(64).slice(0, 64),
    facts: { width: 1024, height: 1536, quality: 'high', background: 'opaque', format: 'png' },
    revisedPrompt: 'a lighthouse at dusk',
    tokens: { inputText: 7, inputImage: 0, output: 4_160 },
  }
}
