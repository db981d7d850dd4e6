import type { Dialect } from '@sluice/contracts/dialects'
import { isBuiltIn } from '@sluice/contracts/dialects'
import { baseUrlRefusals, guardBaseUrl } from '@sluice/egress/guard-base-url'
import { AppError } from '@sluice/kernel/app-error'

import type { ChannelDeps } from './channel-deps.ts'

interface Address {
  dialect: Dialect
  baseUrl: string
}

/** Throws `invalid_value` for an address that a channel of this dialect cannot have. */
export function checkBaseUrl({ config }: Pick<ChannelDeps, 'config'>, address: Address): void {
  const refusal = refusalText(address, config)
  if (refusal === undefined) return
  throw new AppError('invalid_value', `'base_url' ${refusal}`, { param: 'base_url' })
}

function refusalText(
  { dialect, baseUrl }: Address,
  rules: ChannelDeps['config'],
): string | undefined {
  if (isBuiltIn(dialect)) {
    return baseUrl === '' ? undefined : `must be empty: ${dialect} channels call no upstream.`
  }
  const reason = guardBaseUrl(baseUrl, rules)
  return reason && baseUrlRefusals[reason]
}
