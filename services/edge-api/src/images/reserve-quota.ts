import type { ImageRequest } from '@sluice/contracts/image-request'
import { isAppError } from '@sluice/kernel/app-error'
import { rateUsage } from '@sluice/pricing/rate-usage'

import type { Door } from '../door.ts'
import type { Principal } from '../request.ts'
import { giveBackHold } from './give-back-hold.ts'
import type { ImageIntent } from './image-intent.ts'
import { priceImages } from './price-images.ts'

/**
 * Refuses before anything is held, by what is used now: so that a key whose quota is used up does not use up
 * names of holds. Who comes back for a job that is there is let through. Throws `daily_quota_exceeded`.
 */
export async function checkQuota(
  door: Door,
  {
    principal,
    request,
    intent,
  }: { principal: Principal; request: ImageRequest; intent: ImageIntent },
  { attemptsMax }: { attemptsMax: number },
): Promise<void> {
  if (principal.dailyQuotaMicro === null) return
  const { row, worstCase } = priceImages(door, request)
  try {
    await door.quotas.check(principal, rateUsage(worstCase, row.price))
  } catch (error) {
    if (!isAppError(error, 'daily_quota_exceeded')) throw error
    if (!intent.isRepeatable || !(await isJobThere(door, intent, attemptsMax))) throw error
  }
}

/** True when this intention has a job already. */
export async function isJobThere({ deps }: Door, intent: ImageIntent, attemptsMax = 1) {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1)
    if (await deps.jobs.read(intent.jobIdOf(attempt))) return true
  return false
}

/**
 * Sets what is held aside of the key's quota of today, before the job is written. Throws
 * `daily_quota_exceeded` or `unavailable`; then the hold is given back.
 */
export async function reserveQuota(
  door: Door,
  {
    principal,
    jobId,
    held,
  }: { principal: Principal; jobId: string; held: { amountMicro: bigint; fresh: boolean } },
): Promise<void> {
  if (principal.dailyQuotaMicro === null) return
  // Who joins a job does not pay for it again.
  if (!held.fresh && (await door.deps.jobs.read(jobId))) return
  try {
    const amount = { ref: jobId, amountMicro: held.amountMicro }
    door.quotas.follow(await door.quotas.reserve(principal, amount))
  } catch (error) {
    if (held.fresh) await giveBackHold(door, { ref: jobId, reason: 'no quota left' })
    throw error
  }
}
