import { AppError } from '@sluice/kernel/app-error'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { GenerateInput, GeneratedPicture, UpstreamFailure } from '@sluice/upstreams/upstream'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import type { RunnerContext } from '../deps.ts'
import type { HeldJob } from '../held-job.ts'
import type { KnownChannel } from '../known-channels.ts'
import type { Slot } from '../slots/slot.ts'

export type CallResult =
  | { outcome: 'generated'; picture: GeneratedPicture; upstreamModel: string | undefined }
  | { outcome: 'failed'; failure: UpstreamFailure; upstreamModel: string | undefined }
  /** The job's signal aborted it. */
  | { outcome: 'stopped'; mayHaveProduced: boolean }

export interface CallInput {
  held: HeldJob
  index: number
  slot: Slot
  onPartial: NonNullable<GenerateInput['onPartial']>
}

type CallContext = Pick<
  RunnerContext,
  'channels' | 'upstreams' | 'sealer' | 'blobs' | 'clock' | 'log' | 'config'
>

/** Calls one upstream for one part. Never rejects: returns every failure. */
export async function callUpstream(context: CallContext, input: CallInput): Promise<CallResult> {
  const { held, slot } = input
  const late = new AbortController()
  const cancel = context.clock.after(context.config.generateTimeoutMs, () => late.abort())
  const signal = AbortSignal.any([held.signal, slot.signal, late.signal])
  let upstreamModel: string | undefined
  const failed = (failure: UpstreamFailure): CallResult => ({
    outcome: 'failed',
    failure,
    upstreamModel,
  })
  try {
    const channel = await findChannel(context, { ...input, signal })
    upstreamModel = channel.upstreamModel
    const picture = await generateImage(context, { ...input, channel, signal })
    return { outcome: 'generated', picture, upstreamModel }
  } catch (error) {
    if (held.signal.aborted)
      return { outcome: 'stopped', mayHaveProduced: mayHaveProducedOf(error) }
    if (slot.signal.aborted) return failed(leaseLost(mayHaveProducedOf(error)))
    if (late.signal.aborted) return failed(timedOut(mayHaveProducedOf(error)))
    if (isUpstreamError(error)) return failed(error.failure)
    // An internal error: a secret that cannot be decrypted, a missing input picture, an unavailable store.
    context.log.error(
      { err: error, jobId: held.job.id, index: input.index },
      'generation failed with an internal error',
    )
    return failed(internalFailure)
  } finally {
    cancel()
  }
}

async function findChannel(
  { channels }: CallContext,
  { held, slot, signal }: CallInput & { signal: AbortSignal },
): Promise<KnownChannel> {
  signal.throwIfAborted()
  const { channelId, catalogVersion: atLeastVersion } = slot.lease
  const { model } = held.job.request
  const channel = await channels.find({ channelId, model, atLeastVersion })
  if (!channel) throw new AppError('internal_error', 'the channel does not offer this image model')
  return channel
}

async function generateImage(
  { upstreams, sealer, blobs }: CallContext,
  {
    held,
    index,
    slot,
    onPartial,
    channel,
    signal,
  }: CallInput & { channel: KnownChannel; signal: AbortSignal },
): Promise<GeneratedPicture> {
  const { request } = held.job
  const { credentialId, secret } = slot.lease
  const upstream = upstreams[channel.dialect]
  if (!upstream?.generateImage)
    throw new AppError('internal_error', 'the channel does not offer this image model')
  const { baseUrl, settings, upstreamModel } = channel
  return upstream.generateImage({
    access: {
      baseUrl,
      settings,
      secret: sealer.open(credentialSecretBinding(credentialId), secret),
    },
    request,
    upstreamModel,
    index,
    onPartial,
    signal,
    readInput: async (blobKey) => {
      const bytes = await blobs.read(blobKey)
      if (!bytes) throw new AppError('internal_error', 'an input picture is missing')
      return bytes
    },
  })
}

/** Whether an aborted call may have produced a picture: only the dialect knows. */
function mayHaveProducedOf(error: unknown): boolean {
  return isUpstreamError(error) && error.failure.mayHaveProduced
}

const unknown = { status: undefined, retryAfterMs: undefined }

const leaseLost = (mayHaveProduced: boolean): UpstreamFailure => ({
  ...unknown,
  failureClass: 'retry-elsewhere',
  reason: 'aborted',
  code: 'upstream_failed',
  message: 'The upstream did not serve the request.',
  mayHaveProduced,
})

const timedOut = (mayHaveProduced: boolean): UpstreamFailure => ({
  ...unknown,
  failureClass: 'retry-elsewhere',
  reason: 'timeout',
  code: 'upstream_timeout',
  message: 'The upstream did not respond in time.',
  mayHaveProduced,
})

// A credential of another channel may succeed.
const internalFailure: UpstreamFailure = {
  ...unknown,
  failureClass: 'retry-elsewhere',
  reason: 'misconfigured',
  code: 'upstream_failed',
  message: 'The picture could not be generated.',
  mayHaveProduced: false,
}
