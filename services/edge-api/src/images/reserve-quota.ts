import type { ImageRequest } from '@sluice/contracts/image-request'
import { isAppError } from '@sluice/kernel/app-error'
import { rateUsage } from '@sluice/pricing/rate-usage'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import { releaseHold } from '../credit/release-hold.ts'
import type { IdempotencyScope } from './idempotency-scope.ts'
import { priceImages } from './price-images.ts'

/**
 * Checks the quota before a hold is opened, by the usage so far, so that a key without quota does not use up
 * hold refs. A repeat of a request whose job exists is accepted. Throws `daily_quota_exceeded`.
 */
export async function checkQuota(
  gateway: GatewayContext,
  {
    principal,
    request,
    scope,
  }: { principal: Principal; request: ImageRequest; scope: IdempotencyScope },
  { attemptsMax }: { attemptsMax: number },
): Promise<void> {
  if (principal.dailyQuotaMicro === null) return
  const { row, worstCase } = priceImages(gateway, request)
  try {
    await gateway.quotas.check(principal, rateUsage(worstCase, row.price))
  } catch (error) {
    if (!isAppError(error, 'daily_quota_exceeded')) throw error
    if (!scope.isRepeatable || !(await hasJob(gateway, scope, attemptsMax))) throw error
  }
}

/** True when this idempotency scope already has a job. */
export async function hasJob({ deps }: GatewayContext, scope: IdempotencyScope, attemptsMax = 1) {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1)
    if (await deps.jobs.read(scope.jobIdOf(attempt))) return true
  return false
}

/**
 * Reserves the held amount in the key's daily quota, before the job is written. Throws
 * `daily_quota_exceeded` or `unavailable`; then the hold is voided.
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
  // A request that joins a job does not pay for it again.
  if (!held.fresh && (await gateway.deps.jobs.read(jobId))) return
  try {
    const amount = { ref: jobId, amountMicro: held.amountMicro }
    gateway.quotas.follow(await gateway.quotas.reserve(principal, amount))
  } catch (error) {
    if (held.fresh) await releaseHold(gateway, { ref: jobId, reason: 'no quota left' })
    throw error
  }
}
