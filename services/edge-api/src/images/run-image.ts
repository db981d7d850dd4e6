import type { IncomingMessage, ServerResponse } from 'node:http'

import type { ImageJobEvent } from '@sluice/contracts/events'
import { queuedHint } from '@sluice/jobs/hints'
import type { ImageJob } from '@sluice/jobs/image-job'
import type { ImageCall } from '@sluice/protocol/images/parse-image-call'

import type { ImageIntake } from '../accept/images-intake.ts'
import type { GatewayContext } from '../gateway-context.ts'
import type { Admitted } from '../request.ts'
import type { ByteHold } from '../byte-budget.ts'
import { checkMaySubmit } from './check-may-submit.ts'
import { gatherInputs } from './gather-inputs.ts'
import { bodyHashOf, readIntent } from './idempotency-scope.ts'
import type { UploadStaging } from './upload-staging.ts'
import { createUploadStaging } from './upload-staging.ts'
import type { Submitted } from './submit-image.ts'
import { submitImage, SubmitUnknown } from './submit-image.ts'
import { checkUsableModel } from './usable-model.ts'

export interface ImageRun {
  admitted: Admitted
  /** Its Idempotency-Key names the intention. */
  incoming: Pick<IncomingMessage, 'headers'>
  outgoing: ServerResponse
  /** Part of the intention's name: the same Idempotency-Key means another thing on another route. */
  route: string
  /** Reads the caller's request; puts pictures on the shelf as they arrive. */
  accept: (staging: UploadStaging) => Promise<ImageIntake>
  /** True when much is read before it is known what is asked for: then who cannot pay is refused first. */
  isHeavy?: boolean
  /** The body in memory; released when the request is a job. */
  hold?: ByteHold
  /** Aborts when the caller has left, or need not wait any longer. */
  signal: AbortSignal
}

/** A job that was submitted or joined. */
export interface RunningImage extends Submitted {
  call: ImageCall
  /** What happens to it, from its beginning; read once. */
  events: AsyncIterable<ImageJobEvent>
}

/**
 * The table of contents of an image request, up to the face that answers it: accept, check the model,
 * gather pictures, submit, listen, announce. What is refused leaves no job, no hold and no blob.
 */
export async function runImage(gateway: GatewayContext, turn: ImageRun): Promise<RunningImage> {
  const submitted = await submitTurn(gateway, turn)
  const { job, fresh, known } = submitted
  // Listening comes first: then nothing that the job does can be missed, and no row is read for it.
  const watch = () =>
    gateway.jobHub.watch({ jobId: job.id, afterSeq: 0, known, signal: turn.signal })
  const isWatched = fresh && submitted.call.face !== 'async'
  const events = isWatched ? watch() : whenRead(watch)
  if (fresh) await announceQueued(gateway, job)
  return { ...submitted, events }
}

async function submitTurn(
  gateway: GatewayContext,
  turn: ImageRun,
): Promise<Submitted & { call: ImageCall }> {
  const { principal } = turn.admitted
  const intent = readIntent(gateway.deps, { ...turn, principal })
  const upload = gateway.intake.uploads.hold(principal.apiKeyId)
  const staging = createUploadStaging(gateway.deps, { jobId: intent.jobIdOf(0), upload })
  try {
    if (turn.isHeavy) await checkMaySubmit(gateway, { principal, intent })
    const intake = await turn.accept(staging)
    const { call, isEdit } = intake
    checkUsableModel(gateway, principal, call.request.model)
    const gathered = await gatherInputs(gateway.deps, {
      intake,
      staging,
      principal,
      signal: turn.signal,
    })
    const { images, mask, fingerprints } = gathered
    const kind: 'edit' | 'generate' = isEdit || images.length > 0 ? 'edit' : 'generate'
    const request = { ...call.request, kind, images, ...(mask && { mask }) }
    const bodyHash = bodyHashOf({ ...call.request, kind }, fingerprints)
    const submitted = await submitImage(gateway, { principal, intent, request, bodyHash })
    // A job that was there before has pictures of its own.
    if (!submitted.fresh) await staging.clear()
    return { ...submitted, call }
  } catch (error) {
    if (!(error instanceof SubmitUnknown)) await staging.clear()
    throw error
  } finally {
    upload.release()
    turn.hold?.release()
  }
}

async function announceQueued(
  { deps: { bus, log } }: GatewayContext,
  job: ImageJob,
): Promise<void> {
  try {
    await bus.announce('image-job-queued', queuedHint(job))
  } catch (err) {
    // The outbox row says it again.
    log.warn({ err, jobId: job.id }, 'queued job not announced')
  }
}

/** Begins to listen with the first reader: most who join a job need its row only. */
async function* whenRead(watch: () => AsyncIterable<ImageJobEvent>) {
  yield* watch()
}
