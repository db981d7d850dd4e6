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
import type { SlotAnswer } from '../slots/model-queue.ts'
import type { CallEnd, CallInput } from './call-upstream.ts'
import { callUpstream } from './call-upstream.ts'
import type { NextStep } from './next-step.ts'
import { isUnreadable, nextStep } from './next-step.ts'

const AGAIN_AFTER_MS = 250
/** For another credential when this one failed; a limited one is waited for until the deadline. */
const ELSEWHERE_WAIT_MAX_MS = 10_000

export type GenerateEnd = (
  | { outcome: 'drawn'; picture: GeneratedPicture }
  | { outcome: 'failed'; failure: JobFailure }
  | { outcome: 'stopped'; mayHaveProduced: boolean }
) & {
  /** Calls before the last one whose picture, if there was one, nobody received. */
  unconfirmedCharges: number
  /** Still takes room in this runner; its lease was given back. */
  slot: Slot | undefined
}

export interface GeneratePartInput {
  held: HeldJob
  index: number
  slot: Slot
  onPartial: CallInput['onPartial']
  /** What the scheduler is told of a call. */
  outcomeOf: (end: CallEnd) => Outcome
}

/**
 * Draws one part: calls the upstream, and after a failure another credential, or the same again, as
 * the failure's class asks. Every lease is given back with what became of it.
 */
export async function generatePart(
  context: RunnerContext,
  input: GeneratePartInput,
): Promise<GenerateEnd> {
  const at = { slot: input.slot }
  try {
    return await tryUntilDrawn(context, { ...input, at })
  } catch (error) {
    at.slot.free()
    throw error
  }
}

async function tryUntilDrawn(
  context: RunnerContext,
  { at, ...input }: GeneratePartInput & { at: { slot: Slot } },
): Promise<GenerateEnd> {
  const { held, index, outcomeOf } = input
  const { counters, retryBudget, log, clock } = context
  const excluded = new Set<string>()
  // Credentials whose answer could not be read: they are not asked for this part again.
  const unreadable = new Set<string>()
  // These, and those that would answer the same again.
  const final = new Set<string>()
  let [tries, limited, triesHere, unconfirmedCharges] = [0, 0, 0, 0]
  retryBudget.earn()
  for (;;) {
    const { slot } = at
    const end = await callUpstream(context, { ...input, slot })
    if (end.outcome !== 'failed') {
      void slot.release(outcomeOf(end))
      return { ...end, unconfirmedCharges, slot }
    }
    const { failure } = end
    const { failureClass } = failure
    const { credentialId } = slot.lease
    counters.failures.add({ class: failureClass })
    log.debug({ jobId: held.job.id, index, credentialId, failure }, 'a draw failed')
    if (failure.mayHaveProduced) unconfirmedCharges += 1
    if (failureClass === 'credential-limited') limited += 1
    else tries += 1
    triesHere += 1
    if (isUnreadable(failure)) unreadable.add(credentialId)
    if (isFinal(failure)) final.add(credentialId)
    const counts = { tries, limited, triesHere, unreadable: unreadable.size }
    const step = withinBudget(nextStep({ failureClass, ...counts }), tries, context)
    if (step === 'again-here') {
      await clock.sleep(AGAIN_AFTER_MS, held.signal).catch(() => undefined)
      continue
    }
    // Heard before the next is asked for, so that a limited credential is not given out again.
    await slot.release(outcomeOf(end))
    const failed = { outcome: 'failed', failure: jobFailure(failure), unconfirmedCharges } as const
    if (step === 'fail') return { ...failed, slot }
    slot.free()
    if (failureClass !== 'credential-limited') excluded.add(credentialId)
    triesHere = 0
    const answer = await elsewhere(context, { held, excluded, final, failureClass })
    if (answer.outcome === 'stopped') {
      return { ...answer, mayHaveProduced: false, unconfirmedCharges, slot: undefined }
    }
    if (answer.outcome !== 'granted') return { ...failed, slot: undefined }
    at.slot = answer.slot
  }
}

// The first failover is always allowed; what goes beyond it must be saved up.
function withinBudget(step: NextStep, tries: number, { retryBudget }: RunnerContext): NextStep {
  if (step === 'fail' || tries <= 1) return step
  return retryBudget.spend() ? step : 'fail'
}

/** What the caller is told of it. */
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
 * Another credential; or, where there is no other, one of those that were tried already, unless it
 * would answer the same, or its answer could not be read.
 */
async function elsewhere(
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
): Promise<SlotAnswer | { outcome: 'stopped' }> {
  const { request, wallet } = held.job
  const late = new AbortController()
  const isLimited = failureClass === 'credential-limited'
  const cancel = isLimited ? () => {} : clock.after(ELSEWHERE_WAIT_MAX_MS, () => late.abort())
  const signal = AbortSignal.any([held.signal, late.signal])
  const slotRequest = { model: request.model, wallet, urgent: true, signal }
  try {
    const other = await slotQueue.obtain({ ...slotRequest, exclude: [...excluded] })
    if (other.outcome !== 'none' || excluded.size === final.size) return other
    excluded.clear()
    for (const credentialId of final) excluded.add(credentialId)
    await clock.sleep(AGAIN_AFTER_MS, signal)
    return await slotQueue.obtain({ ...slotRequest, exclude: [...excluded] })
  } catch {
    if (held.signal.aborted) return { outcome: 'stopped' }
    return { outcome: 'none', reason: 'no other credential was free in time' }
  } finally {
    cancel()
  }
}
