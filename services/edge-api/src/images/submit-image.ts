import type { ImageJobEvent } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'
import type { PriceRow } from '@sluice/contracts/prices'
import type { ImageJob } from '@sluice/jobs/image-job'
import { isHoldEnded } from '@sluice/jobs/hold-ended'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { formatCredits } from '@sluice/kernel/credits'
import { startDeadline } from '@sluice/kernel/deadline'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import { releaseHold } from '../credit/release-hold.ts'
import type { IdempotencyScope } from './idempotency-scope.ts'
import { priceImages } from './price-images.ts'
import { checkQuota, reserveQuota } from './reserve-quota.ts'
import { unpriced } from './usable-model.ts'

const HOLD_WITHIN_MS = 5_000
/** The hold expires this much later than its job: the capture must find it open. */
const HOLD_GRACE_MS = 600_000
/** The maximum number of ended holds without a job in one idempotency scope. */
const ATTEMPTS_MAX = 5

export interface SubmitInput {
  principal: Principal
  scope: IdempotencyScope
  request: ImageRequest
  bodyHash: string
}

export interface Submitted {
  job: ImageJob
  /** False when the request joined an existing job. */
  created: boolean
  /** Events that were written with the job; empty for an existing job. */
  known: readonly ImageJobEvent[]
  /** The held amount, for the request log; undefined for a job that had ended. */
  hold: { amountMicro: bigint; price: PriceRow } | undefined
}

/**
 * Holds the worst case (transaction 1) and writes the job (transaction 2), or joins the existing job of the
 * same idempotency scope. Throws `insufficient_credit`, `daily_quota_exceeded`, `idempotency_conflict`,
 * `model_not_found` for a model without a price, or `unavailable`; then at worst a hold remains that is
 * voided soon after.
 */
export async function submitImage(gateway: GatewayContext, input: SubmitInput): Promise<Submitted> {
  crashPoint('edge-before-hold')
  await checkQuota(gateway, input, { attemptsMax: ATTEMPTS_MAX })
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const jobId = input.scope.jobIdOf(attempt)
    const held = await openHold(gateway, { ...input, jobId })
    if (held === 'ended' || held === 'mismatch') {
      const job = await gateway.deps.jobs.read(jobId)
      if (job)
        return { job: requireSameBody(job, input), created: false, known: [], hold: undefined }
      if (held === 'mismatch') throw conflict()
      continue
    }
    crashPoint('edge-after-hold')
    await reserveQuota(gateway, { ...input, jobId, held })
    const submitted = await writeJob(gateway, { ...input, jobId, isHoldNew: held.fresh })
    // Billing voided the hold in the meantime: retry with the next ref.
    if (submitted === 'hold-ended') continue
    crashPoint('edge-after-submit')
    requireSameBody(submitted.job, input)
    return { ...submitted, hold: held }
  }
  throw new AppError('unavailable', 'This request cannot be accepted now; use another key.')
}

async function openHold(
  gateway: GatewayContext,
  { principal, request, jobId, scope }: SubmitInput & { jobId: string },
) {
  const { clock, billing, config } = gateway.deps
  const { model } = request
  const { prices, row, worstCase } = priceImages(gateway, request)
  const deadline = startDeadline(clock, HOLD_WITHIN_MS)
  const hold = {
    wallet: principal.wallet,
    ref: jobId,
    model,
    worstCase,
    expiresAt: new Date(clock.nowMs() + config.imageJobMsMax + HOLD_GRACE_MS),
  }
  try {
    const answer = await billing.openHold(hold, { signal: deadline.signal })
    switch (answer.outcome) {
      case 'opened': {
        const price = prices.priceOf(answer.priceId) ?? row
        // A hold with the same ref for a smaller body must not pay for this one.
        if (rateUsage(worstCase, price.price) > answer.amountMicro) return 'mismatch'
        return { ...answer, price }
      }
      case 'ended':
        return 'ended'
      case 'unpriced':
        throw unpriced(model)
      case 'refused':
        throw insufficientCreditError(answer)
    }
  } catch (error) {
    // The same ref with another worst case: the Idempotency-Key was used for another body.
    if (scope.isRepeatable && isAppError(error, 'invalid_value')) return 'mismatch'
    const isUnknown = deadline.signal.aborted || isAppError(error, 'unavailable')
    if (isUnknown) gateway.holdReturns.add({ ref: jobId, reason: 'unknown', unknown: true })
    if (isAppError(error) || !deadline.signal.aborted) throw error
    throw new AppError('unavailable', 'Billing did not answer in time.', { cause: error })
  } finally {
    deadline.clear()
  }
}

async function writeJob(
  gateway: GatewayContext,
  {
    principal,
    request,
    bodyHash,
    jobId,
    isHoldNew,
  }: SubmitInput & { jobId: string; isHoldNew: boolean },
): Promise<Omit<Submitted, 'hold'> | 'hold-ended'> {
  const { clock, jobs, config } = gateway.deps
  const now = clock.now()
  const { wallet, apiKeyId } = principal
  const deadlineAt = new Date(now.getTime() + config.imageJobMsMax)
  try {
    const job = { id: jobId, wallet, apiKeyId, bodyHash, request, deadlineAt }
    const { events, ...submitted } = await jobs.submit(job, now)
    return { ...submitted, known: events }
  } catch (error) {
    if (isHoldEnded(error)) return 'hold-ended'
    // The commit may have succeeded although its result was lost. Only the row shows it.
    const job = await jobs.read(jobId).catch(() => 'unknown' as const)
    if (job === 'unknown') {
      if (isHoldNew) gateway.holdReturns.add({ ref: jobId, reason: 'job unknown', unknown: true })
      throw new SubmitUnknown(error)
    }
    if (job) return { job, created: true, known: [] }
    if (isHoldNew) await releaseHold(gateway, { ref: jobId, reason: 'job not written' })
    throw error
  }
}

/** It is unknown whether the job was written: its inputs are retained; its hold is voided if it was not. */
export class SubmitUnknown extends AppError {
  constructor(cause: unknown) {
    super('unavailable', 'It is not known whether this request was accepted.', { cause })
  }
}

function requireSameBody(job: ImageJob, { bodyHash }: SubmitInput): ImageJob {
  if (job.bodyHash !== bodyHash) throw conflict()
  return job
}

const conflict = () =>
  new AppError('idempotency_conflict', 'This Idempotency-Key was used with another body.', {
    param: 'Idempotency-Key',
  })

function insufficientCreditError({
  requiredMicro,
  availableMicro,
}: {
  requiredMicro: bigint
  availableMicro: bigint
}): AppError {
  const [required, available] = [formatCredits(requiredMicro), formatCredits(availableMicro)]
  return new AppError(
    'insufficient_credit',
    `This may cost up to ${required} credits; ${available} are available.`,
    { details: { required_credits: required, available_credits: available } },
  )
}
