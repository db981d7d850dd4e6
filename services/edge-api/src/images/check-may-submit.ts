import { isAppError } from '@sluice/kernel/app-error'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../request.ts'
import type { IdempotencyScope } from './idempotency-scope.ts'
import { isJobThere } from './reserve-quota.ts'

/**
 * Refuses who has no credits, or has spent their day's quota, before anything of a large request is read: by the
 * least that anything can cost. Who comes back for a job that is there is let through. Throws
 * `insufficient_credit`, `daily_quota_exceeded`.
 */
export async function checkMaySubmit(
  gateway: GatewayContext,
  { principal, intent }: { principal: Principal; intent: IdempotencyScope },
): Promise<void> {
  const { intake, catalog, quotas } = gateway
  const { wallet } = principal
  try {
    await intake.checkFunds({ wallet, prices: catalog.current().prices.rows, asked: 'pictures' })
    if (principal.dailyQuotaMicro !== null) await quotas.check(principal, 1n)
  } catch (error) {
    const isRefusal =
      isAppError(error, 'insufficient_credit') || isAppError(error, 'daily_quota_exceeded')
    if (!isRefusal || !intent.isRepeatable || !(await isJobThere(gateway, intent))) throw error
  }
}
