import { isAppError } from '@sluice/kernel/app-error'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import type { IdempotencyScope } from './idempotency-scope.ts'
import { hasJob } from './reserve-quota.ts'

/**
 * Before anything of a large request is read, rejects callers without credits or daily quota, by the lowest
 * price of any image. A repeat of a request whose job exists is accepted. Throws `insufficient_credit`,
 * `daily_quota_exceeded`.
 */
export async function checkMaySubmit(
  gateway: GatewayContext,
  { principal, scope }: { principal: Principal; scope: IdempotencyScope },
): Promise<void> {
  const { intake, catalog, quotas } = gateway
  const { wallet } = principal
  try {
    await intake.checkFunds({
      wallet,
      prices: catalog.current().prices.rows,
      requested: 'pictures',
    })
    if (principal.dailyQuotaMicro !== null) await quotas.check(principal, 1n)
  } catch (error) {
    const isRejection =
      isAppError(error, 'insufficient_credit') || isAppError(error, 'daily_quota_exceeded')
    if (!isRejection || !scope.isRepeatable || !(await hasJob(gateway, scope))) throw error
  }
}
