import { createHash } from 'node:crypto'

import type { InputImage } from '@sluice/contracts/image-request'
import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError } from '@sluice/kernel/app-error'

import type { ImageIntake } from '../../images/intake.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { UploadStaging, StoredInput } from '../../images/upload-staging.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { generateForPanel } from './generate-for-panel.ts'
import type { ImagesContext } from './images-context.ts'

/**
 * `POST /api/user/images/{id}/retry`: submits the same request as a new task, at today's price; one for each
 * Idempotency-Key, and one for each call without. Throws `invalid_value` for a running task, `invalid_image`
 * when its reference pictures were removed, and the errors of the image routes.
 */
export async function retryImage(
  context: ImagesContext,
  call: ControlCall<'retryImage'>,
): ReturnType<ControlHandlers['retryImage']> {
  const { deps } = context.gateway
  const { session, params } = call
  const job = await ownTask(deps, { principal: session, taskId: params.id })
  if (job.endedAt === null)
    throw new AppError('invalid_value', 'The task has not ended yet. Wait for it, or cancel it.', {
      param: 'id',
    })
  const incoming = { headers: idempotencyHeaders(call) }
  // Its pictures are copied before it is submitted.
  const isHeavy = job.request.images.length > 0
  const accept = (staging: UploadStaging) => cloneRequest(deps, { job, staging })
  return generateForPanel(context, { call, incoming, accept, isHeavy })
}

/** Scopes the key to this task's retry: the same key for another task or a generation is independent. */
function idempotencyHeaders({ idempotencyKey, params }: ControlCall<'retryImage'>) {
  if (idempotencyKey === undefined) return {}
  const digest = createHash('sha256').update(idempotencyKey).digest('hex')
  return { 'idempotency-key': `retry ${params.id} ${digest}` }
}

/** The request of a job, with copies of its pictures. */
async function cloneRequest(
  deps: Pick<EdgeDeps, 'blobs'>,
  { job, staging }: { job: ImageJob; staging: UploadStaging },
): Promise<ImageIntake> {
  const { kind, images: _, mask, ...request } = job.request
  const images: StoredInput[] = []
  for (const image of job.request.images) images.push(await copy(deps, { image, staging }))
  const storedMask = mask && (await copy(deps, { image: mask, staging }))
  return {
    call: { request, responseMode: 'async', responseFormat: 'url' },
    isEdit: kind === 'edit',
    stored: { images, mask: storedMask },
    sources: { images: [], mask: undefined, bytesMax: 0 },
  }
}

async function copy(
  { blobs }: Pick<EdgeDeps, 'blobs'>,
  { image, staging }: { image: InputImage; staging: UploadStaging },
): Promise<StoredInput> {
  const blob = await blobs.open(image.blobKey)
  if (!blob)
    throw new AppError(
      'invalid_image',
      'The reference pictures of this task were removed after a day. Send them with a new task.',
      { param: 'reference_images' },
    )
  try {
    const name = image.name.replace(/\.[a-z]+$/, '')
    const { stream: source, bytes: bytesMax } = blob
    return await staging.put({ source, name, param: 'reference_images', bytesMax })
  } finally {
    blob.stream.destroy()
  }
}
