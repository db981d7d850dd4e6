import type { ImageRequest } from '@sluice/contracts/image-request'
import { isAppError } from '@sluice/kernel/app-error'
import { rateUsage } from '@sluice/pricing/rate-usage'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../request.ts'
import { giveBackHold } from './give-back-hold.ts'
import type { IdempotencyScope } from './idempotency-scope.ts'
import { priceImages } from './price-images.ts'

/**
 * Refuses before anything is held, by what is used now: so that a key whose quota is used up does not use up
 * names of holds. Who comes back for a job that is there is let through. Throws `daily_quota_exceeded`.
 */
export async function checkQuota(
  gateway: GatewayContext,
  {
    principal,
    request,
    intent,
  }: { principal: Principal; request: ImageRequest; intent: IdempotencyScope },
  { attemptsMax }: { attemptsMax: number },
): Promise<void> {
  if (principal.dailyQuotaMicro === null) return
  const { row, worstCase } = priceImages(gateway, request)
  try {
    await gateway.quotas.check(principal, rateUsage(worstCase, row.price))
  } catch (error) {
    if (!isAppError(error, 'daily_quota_exceeded')) throw error
    if (!intent.isRepeatable || !(await isJobThere(gateway, intent, attemptsMax))) throw error
  }
}

/** True when this intention has a job already. */
export async function isJobThere(
  { deps }: GatewayContext,
  intent: IdempotencyScope,
  attemptsMax = 1,
) {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1)
    if (await deps.jobs.read(intent.jobIdOf(attempt))) return true
  return false
}

/**
 * Sets what is held aside of the key's quota of today, before the job is written. Throws
 * `daily_quota_exceeded` or `unavailable`; then the hold is given back.
 */
export async function reserveQuota(
  gateway: GatewayContext,
  {
    principal,
    jobId,
    held,
  }: { principal: Principal; jobId: string; held: { amountMicro: bigint; fresh: boolean } },
): Promise<void> {
  if (principal.dailyQuotaMicro === null) return
  // Who joins a job does not pay for it again.
  if (!held.fresh && (await gateway.deps.jobs.read(jobId))) return
  try {
    const amount = { ref: jobId, amountMicro: held.amountMicro }
    gateway.quotas.follow(await gateway.quotas.reserve(principal, amount))
  } catch (error) {
    if (held.fresh) await giveBackHold(gateway, { ref: jobId, reason: 'no quota left' })
    throw error
  }
}
