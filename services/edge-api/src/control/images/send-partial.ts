import { pipeline } from 'node:stream/promises'

import { partialKey } from '@sluice/jobs/blob-keys'
import { AppError } from '@sluice/kernel/app-error'

import { ownTask } from '../../images/own-task.ts'
import { STALL_MS_MAX } from '../../http/write-pieces.ts'
import type { ControlCall } from '../handlers.ts'
import type { ImagesContext } from './images-context.ts'

const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp']
/** The same number is always the same picture, but it is removed soon. */
const CACHE_SECONDS = 600

/**
 * `GET /api/user/images/{id}/partials/{index}/{number}`: a partial picture of the user's own task. Throws
 * `task_not_found`, and `not_found` for a partial picture that does not exist yet or was removed.
 */
export async function sendPartial(
  { gateway: { deps } }: Pick<ImagesContext, 'gateway'>,
  { session, params, outgoing }: ControlCall<'getImagePartial'>,
): Promise<void> {
  const { id, index, number } = params
  const job = await ownTask(deps, { principal: session, taskId: id })
  const blob = await deps.blobs.open(partialKey(job.id, index, number))
  if (!blob)
    throw new AppError('not_found', 'This partial picture does not exist (any more).', {
      param: 'id',
    })
  const isPicture = PICTURE_TYPES.includes(blob.contentType)
  outgoing.writeHead(200, {
    'content-type': isPicture ? blob.contentType : 'application/octet-stream',
    'content-length': blob.bytes,
    'content-disposition': isPicture ? 'inline' : 'attachment',
    'cache-control': `private, max-age=${CACHE_SECONDS}, immutable`,
    'x-content-type-options': 'nosniff',
    // Even if the bytes contain a script, it cannot run in this origin.
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
  })
  outgoing.setTimeout(STALL_MS_MAX, () => outgoing.destroy())
  try {
    await pipeline(blob.stream, outgoing)
  } catch (err) {
    // The status was already sent, so the error can only be shown by closing the connection.
    outgoing.destroy()
    deps.log.debug({ err, jobId: job.id }, 'partial picture not fully sent')
  }
}
