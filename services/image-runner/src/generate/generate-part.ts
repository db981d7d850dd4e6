import type { AttemptFacts } from '@sluice/attempts/next-step'
import { isUnreadable, noAttempts } from '@sluice/attempts/next-step'
import type { Outcome } from '@sluice/contracts/scheduler.contract'
import type { JobFailure } from '@sluice/jobs/image-job'
import type {
  GeneratedPicture,
  FailureClass,
  FailureReason,
  UpstreamFailure,
} from '@sluice/upstreams/upstream'

import type { RunnerContext } from '../deps.ts'
import type { HeldJob } from '../held-job.ts'
import type { Slot } from '../slots/slot.ts'
import type { SlotResult } from '../slots/model-queue.ts'
import type { CallResult, CallInput } from './call-upstream.ts'
import { callUpstream } from './call-upstream.ts'

const RETRY_AFTER_MS = 250
/** How long to wait for another credential after a failure; after a rate limit, until the deadline. */
const OTHER_WAIT_MAX_MS = 10_000

export type GenerateResult = (
  | { outcome: 'generated'; picture: GeneratedPicture }
  | { outcome: 'failed'; failure: JobFailure }
  | { outcome: 'stopped'; mayHaveProduced: boolean }
) & {
  /** Calls before the last one that may have been charged although no picture was received. */
  unconfirmedCharges: number
  /** Still occupies this runner; its lease is already released. */
  slot: Slot | undefined
}

export interface GeneratePartInput {
  held: HeldJob
  index: number
  slot: Slot
  onPartial: CallInput['onPartial']
  /** The outcome of a call that is reported to the scheduler. */
  outcomeOf: (end: CallResult) => Outcome
}

/**
 * Generates one part: calls the upstream, and after a failure retries with the same or another credential,
 * depending on the failure class. Every lease is released with its outcome.
 */
export async function generatePart(
  context: RunnerContext,
  input: GeneratePartInput,
): Promise<GenerateResult> {
  const current = { slot: input.slot }
  try {
    return await tryUntilGenerated(context, { ...input, current })
  } catch (error) {
    current.slot.free()
    throw error
  }
}

async function tryUntilGenerated(
  context: RunnerContext,
  { current, ...input }: GeneratePartInput & { current: { slot: Slot } },
): Promise<GenerateResult> {
  const { held, index, outcomeOf } = input
  const { counters, retries, log, clock } = context
  const excluded = new Set<string>()
  // Not used for this part again: credentials that would probably fail the same way.
  const final = new Set<string>()
  let counts = noAttempts
  let unconfirmedCharges = 0
  retries.begin()
  for (;;) {
    const { slot } = current
    const end = await callUpstream(context, { ...input, slot })
    if (end.outcome !== 'failed') {
      void slot.release(outcomeOf(end))
      return { ...end, unconfirmedCharges, slot }
    }
    const { failure } = end
    const { failureClass } = failure
    const { credentialId } = slot.lease
    counters.failures.add({ class: failureClass })
    log.debug({ jobId: held.job.id, index, credentialId, failure }, 'an upstream call failed')
    if (failure.mayHaveProduced) unconfirmedCharges += 1
    if (isFinal(failure)) final.add(credentialId)
    const next = retries.afterFailure({ failure, counts, ...attemptFacts })
    counts = next.counts
    if (next.step === 'retry-here') {
      await clock.sleep(RETRY_AFTER_MS, held.signal).catch(() => undefined)
      continue
    }
    // Released before the next lease is requested, so that a rate-limited credential is not granted again.
    await slot.release(outcomeOf(end))
    const failed = { outcome: 'failed', failure: jobFailure(failure), unconfirmedCharges } as const
    if (next.step === 'give-up') return { ...failed, slot }
    slot.free()
    if (failureClass !== 'credential-limited') excluded.add(credentialId)
    const other = await acquireOther(context, { held, excluded, final, failureClass })
    if (other.outcome === 'stopped') {
      return { ...other, mayHaveProduced: false, unconfirmedCharges, slot: undefined }
    }
    if (other.outcome !== 'granted') return { ...failed, slot: undefined }
    current.slot = other.slot
  }
}

const attemptFacts: AttemptFacts = {
  // A partial picture does not prevent another attempt, and the job's signal ends its time.
  answerBegan: false,
  timeAllows: true,
  // The scheduler chooses among the credentials of all channels.
  hasOtherCredential: true,
  hasOtherChannel: false,
}

/** The failure as the caller gets it. */
function jobFailure({ code, message, param, upstreamCode }: UpstreamFailure): JobFailure {
  return {
    code,
    message,
    ...(param !== undefined && { param }),
    ...(upstreamCode !== undefined && { upstreamCode }),
  }
}

const isFinal = (failure: UpstreamFailure) =>
  isUnreadable(failure) || (failure.reason !== undefined && notRetriedReasons.has(failure.reason))

const notRetriedReasons: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'model-unknown',
  'permission-missing',
  'region-refused',
  'unauthorised-unclear',
])

/**
 * Acquires another credential; if there is none, one that was tried already, except those in `final`.
 */
async function acquireOther(
  { slotQueue, clock }: RunnerContext,
  {
    held,
    excluded,
    final,
    failureClass,
  }: {
    held: HeldJob
    excluded: Set<string>
    final: ReadonlySet<string>
    failureClass: FailureClass
  },
): Promise<SlotResult | { outcome: 'stopped' }> {
  const { request, wallet } = held.job
  const late = new AbortController()
  const isLimited = failureClass === 'credential-limited'
  const cancel = isLimited ? () => {} : clock.after(OTHER_WAIT_MAX_MS, () => late.abort())
  const signal = AbortSignal.any([held.signal, late.signal])
  const slotRequest = { model: request.model, wallet, urgent: true, signal }
  try {
    const other = await slotQueue.acquire({ ...slotRequest, exclude: [...excluded] })
    if (other.outcome !== 'none' || excluded.size === final.size) return other
    excluded.clear()
    for (const credentialId of final) excluded.add(credentialId)
    await clock.sleep(RETRY_AFTER_MS, signal)
    return await slotQueue.acquire({ ...slotRequest, exclude: [...excluded] })
  } catch {
    if (held.signal.aborted) return { outcome: 'stopped' }
    return { outcome: 'none', reason: 'no other credential was free in time' }
  } finally {
    cancel()
  }
}
