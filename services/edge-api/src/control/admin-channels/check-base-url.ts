import type { Dialect } from '@sluice/contracts/scheduler.contract'
import { baseUrlRefusals, guardBaseUrl } from '@sluice/egress/guard-base-url'
import { AppError } from '@sluice/kernel/app-error'

/** Throws `invalid_value` for an address that a channel of this dialect cannot have. */
export function checkBaseUrl({ dialect, baseUrl }: { dialect: Dialect; baseUrl: string }): void {
  const why = whyNot(dialect, baseUrl)
  if (why === undefined) return
  throw new AppError('invalid_value', `'base_url' ${why}`, { param: 'base_url' })
}

function whyNot(dialect: Dialect, baseUrl: string): string | undefined {
  if (dialect === 'sandbox') {
    return baseUrl === '' ? undefined : 'must be empty: the sandbox asks nobody.'
  }
  const refusal = guardBaseUrl(baseUrl)
  return refusal && baseUrlRefusals[refusal]
}
