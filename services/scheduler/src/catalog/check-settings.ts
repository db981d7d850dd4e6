import { findInvalidSetting } from '@sluice/contracts/channel-settings'
import type { Dialect } from '@sluice/contracts/dialects'
import { AppError } from '@sluice/kernel/app-error'

/** Throws `invalid_value` with the first setting that channels of this dialect cannot have. */
export function checkSettings({
  dialect,
  settings,
}: {
  dialect: Dialect
  settings: Readonly<Record<string, unknown>>
}): void {
  const wrong = findInvalidSetting(dialect, settings)
  if (wrong === undefined) return
  throw new AppError('invalid_value', wrong.message, { param: `settings.${wrong.name}` })
}
