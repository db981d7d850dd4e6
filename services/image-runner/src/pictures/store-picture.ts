import type { StoredPart } from '@sluice/contracts/events'
import { partKey } from '@sluice/jobs/blob-keys'
import type { JobFailure } from '@sluice/jobs/image-job'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { GeneratedPicture } from '@sluice/upstreams/upstream'

import type { RunnerContext } from '../deps.ts'
import { readPictureNote, writePictureNote } from './picture-note.ts'

/** More than any upstream generates; protects the disk from a faulty one. */
const PICTURE_BYTES_MAX = 128 * 1024 * 1024
const PUT_ATTEMPTS_MAX = 6
const PUT_RETRY_MS = 250

export type StoredPicture =
  /** `isOwn` is false when another holder has already stored a picture of this part. */
  | { outcome: 'stored'; part: StoredPart; isOwn: boolean }
  | { outcome: 'failed'; failure: JobFailure }

/**
 * Stores a picture under the key of its part. The first writer wins: a holder that has lost its claim cannot
 * replace the picture of the job, and a second writer gets the stored picture.
 */
export async function storePicture(
  { blobs, clock, random, log }: Pick<RunnerContext, 'blobs' | 'clock' | 'random' | 'log'>,
  { jobId, index, picture }: { jobId: string; index: number; picture: GeneratedPicture },
): Promise<StoredPicture> {
  const blobKey = partKey(jobId, index)
  const generationId = Buffer.from(random.bytes(8)).toString('hex')
  const options = {
    contentType: picture.contentType,
    bytesMax: PICTURE_BYTES_MAX,
    note: writePictureNote(picture, generationId),
    ifAbsent: true,
  }
  for (let attempts = 1; ; attempts += 1) {
    try {
      const facts = await blobs.put(blobKey, picture.bytes, options)
      const known = readPictureNote({ index, blobKey }, facts)
      if (!known) throw new AppError('internal_error', 'the blob of a part has no valid note')
      return { outcome: 'stored', part: known.part, isOwn: known.generationId === generationId }
    } catch (err) {
      const again = isAppError(err, 'unavailable') && attempts < PUT_ATTEMPTS_MAX
      log[again ? 'warn' : 'error'](
        { err, jobId, index, attempts },
        'a picture could not be stored',
      )
      if (!again) return { outcome: 'failed', failure: notStored }
      await clock.sleep(PUT_RETRY_MS * 2 ** attempts)
    }
  }
}

const notStored = {
  code: 'unavailable',
  message: 'The picture was generated but could not be stored.',
}
