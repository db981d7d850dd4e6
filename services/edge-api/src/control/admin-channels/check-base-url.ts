import type { Dialect } from '@sluice/contracts/scheduler.contract'
import { baseUrlRefusals, guardBaseUrl } from '@sluice/egress/guard-base-url'
import { AppError } from '@sluice/kernel/app-error'

import type { ChannelDeps } from './channel-deps.ts'

interface Address {
  dialect: Dialect
  baseUrl: string
}

/** Throws `invalid_value` for an address that a channel of this dialect cannot have. */
export function checkBaseUrl({ config }: Pick<ChannelDeps, 'config'>, address: Address): void {
  const why = whyNot(address, config)
  if (why === undefined) return
  throw new AppError('invalid_value', `'base_url' ${why}`, { param: 'base_url' })
}

function whyNot({ dialect, baseUrl }: Address, rules: ChannelDeps['config']): string | undefined {
  if (dialect === 'sandbox') {
    return baseUrl === '' ? undefined : 'must be empty: the sandbox asks nobody.'
  }
  const refusal = guardBaseUrl(baseUrl, rules)
  return refusal && baseUrlRefusals[refusal]
}
