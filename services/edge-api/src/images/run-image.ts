import type { IncomingMessage, ServerResponse } from 'node:http'

import type { ImageJobEvent } from '@sluice/contracts/events'
import { queuedHint } from '@sluice/jobs/hints'
import type { ImageJob } from '@sluice/jobs/image-job'
import type { ImageCall } from '@sluice/protocol/images/parse-image-call'

import type { ImageIntake } from './intake.ts'
import type { GatewayContext } from '../gateway-context.ts'
import type { Admitted } from '../http/request.ts'
import type { ByteHold } from '../http/byte-budget.ts'
import { checkMaySubmit } from './check-may-submit.ts'
import { gatherInputs } from './gather-inputs.ts'
import { bodyHashOf, readIdempotencyScope } from './idempotency-scope.ts'
import type { UploadStaging } from './upload-staging.ts'
import { createUploadStaging } from './upload-staging.ts'
import type { Submitted } from './submit-image.ts'
import { submitImage, SubmitUnknown } from './submit-image.ts'
import { checkUsableModel } from './usable-model.ts'

export interface ImageRun {
  admitted: Admitted
  /** Its Idempotency-Key is part of the idempotency scope. */
  incoming: Pick<IncomingMessage, 'headers'>
  outgoing: ServerResponse
  /** Part of the idempotency scope: the same Idempotency-Key on another route is independent. */
  route: string
  /** Parses the caller's request; stages pictures as they arrive. */
  accept: (staging: UploadStaging) => Promise<ImageIntake>
  /** True when the body is large: then callers who cannot pay are rejected before it is read. */
  isHeavy?: boolean
  /** The body in memory; released once the job is written. */
  hold?: ByteHold
  /** Aborts when the caller has disconnected, or the wait limit is reached. */
  signal: AbortSignal
}

/** A job that was submitted or joined. */
export interface RunningImage extends Submitted {
  call: ImageCall
  /** The events of the job from its start; can be read once. */
  events: AsyncIterable<ImageJobEvent>
}

/**
 * Runs an image request up to its response: parse, check the model, gather pictures, submit, subscribe,
 * publish. A rejected request leaves no job, no hold and no blob.
 */
export async function runImage(gateway: GatewayContext, run: ImageRun): Promise<RunningImage> {
  const submitted = await submitRun(gateway, run)
  const { job, created, known } = submitted
  // Subscribe before publishing: then no event of the job can be missed, and no row is read for it.
  const watch = () =>
    gateway.jobHub.watch({ jobId: job.id, afterSeq: 0, known, signal: run.signal })
  const isWatched = created && submitted.call.responseMode !== 'async'
  const events = isWatched ? watch() : whenRead(watch)
  if (created) await publishQueued(gateway, job)
  return { ...submitted, events }
}

async function submitRun(
  gateway: GatewayContext,
  run: ImageRun,
): Promise<Submitted & { call: ImageCall }> {
  const { principal } = run.admitted
  const scope = readIdempotencyScope(gateway.deps, { ...run, principal })
  const upload = gateway.intake.uploads.hold(principal.apiKeyId)
  const staging = createUploadStaging(gateway.deps, { jobId: scope.jobIdOf(0), upload })
  try {
    if (run.isHeavy) await checkMaySubmit(gateway, { principal, scope })
    const intake = await run.accept(staging)
    const { call, isEdit } = intake
    checkUsableModel(gateway, principal, call.request.model)
    const gathered = await gatherInputs(gateway.deps, {
      intake,
      staging,
      principal,
      signal: run.signal,
    })
    const { images, mask, fingerprints } = gathered
    const kind: 'edit' | 'generate' = isEdit || images.length > 0 ? 'edit' : 'generate'
    const request = { ...call.request, kind, images, ...(mask && { mask }) }
    const bodyHash = bodyHashOf({ ...call.request, kind }, fingerprints)
    const submitted = await submitImage(gateway, { principal, scope, request, bodyHash })
    // A job that existed before has its own pictures.
    if (!submitted.created) await staging.clear()
    return { ...submitted, call }
  } catch (error) {
    if (!(error instanceof SubmitUnknown)) await staging.clear()
    throw error
  } finally {
    upload.release()
    run.hold?.release()
  }
}

async function publishQueued({ deps: { bus, log } }: GatewayContext, job: ImageJob): Promise<void> {
  try {
    await bus.announce('image-job-queued', queuedHint(job))
  } catch (err) {
    // The outbox row is published again by the relay.
    log.warn({ err, jobId: job.id }, 'queued job not announced')
  }
}

/** Subscribes when the first reader reads: most requests that join a job need its row only. */
async function* whenRead(watch: () => AsyncIterable<ImageJobEvent>) {
  yield* watch()
}
