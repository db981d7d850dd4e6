import { findInvalidSetting, parseSetting } from '@sluice/contracts/channel-settings'
import type { Dialect } from '@sluice/contracts/dialects'

import { refuse } from './read-arguments.ts'

/** Parses channel settings from `name=value` arguments; an empty value removes the setting (null). */
export function readSettingArguments(
  dialect: Dialect,
  cliArgs: readonly string[],
): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const arg of cliArgs) {
    const at = arg.indexOf('=')
    if (at < 1) return refuse(`--setting ${arg} is not a setting: write name=value`)
    const name = arg.slice(0, at).trim()
    settings[name] = parseSetting(dialect, name, arg.slice(at + 1))
  }
  // A removed setting has no value to validate.
  const given = Object.entries(settings).filter(([, value]) => value !== null)
  const wrong = findInvalidSetting(dialect, Object.fromEntries(given))
  return wrong ? refuse(`--setting ${wrong.name}: ${wrong.message}`) : settings
}
