import { pipeline } from 'node:stream/promises'

import { partialKey } from '@sluice/jobs/blob-keys'
import { AppError } from '@sluice/kernel/app-error'

import { ownTask } from '../../images/own-task.ts'
import { STALL_MS_MAX } from '../../images/write-pieces.ts'
import type { ControlCall } from '../handlers.ts'
import type { ImagesContext } from './images-context.ts'

const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp']
/** The same number is always the same picture, but it has a short life. */
const KEPT_SECONDS = 600

/**
 * `GET /api/user/images/{id}/partials/{index}/{number}`: a partial picture of one's own task. Throws
 * `task_not_found`, and `not_found` for one that is not there yet or any more.
 */
export async function sendPartial(
  { gateway: { deps } }: Pick<ImagesContext, 'gateway'>,
  { session, params, outgoing }: ControlCall<'getImagePartial'>,
): Promise<void> {
  const { id, index, number } = params
  const job = await ownTask(deps, { principal: session, taskId: id })
  const blob = await deps.blobs.open(partialKey(job.id, index, number))
  if (!blob)
    throw new AppError('not_found', 'This partial picture is not there (any more).', {
      param: 'id',
    })
  const isPicture = PICTURE_TYPES.includes(blob.contentType)
  outgoing.writeHead(200, {
    'content-type': isPicture ? blob.contentType : 'application/octet-stream',
    'content-length': blob.bytes,
    'content-disposition': isPicture ? 'inline' : 'attachment',
    'cache-control': `private, max-age=${KEPT_SECONDS}, immutable`,
    'x-content-type-options': 'nosniff',
    // Whatever the bytes turn out to be: no script of them runs in our name.
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
  })
  outgoing.setTimeout(STALL_MS_MAX, () => outgoing.destroy())
  try {
    await pipeline(blob.stream, outgoing)
  } catch (err) {
    // The status has left: all that can be said now is to cut.
    outgoing.destroy()
    deps.log.debug({ err, jobId: job.id }, 'partial picture was not read to its end')
  }
}
