import { findWrongSetting, readSettingText } from '@sluice/contracts/channel-settings'
import type { Dialect } from '@sluice/contracts/scheduler.contract'

import { refuse } from './read-arguments.ts'

/** Settings of a channel as `name=value` words; a word without a value takes its setting away (null). */
export function readSettingArguments(
  dialect: Dialect,
  cliArgs: readonly string[],
): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const word of cliArgs) {
    const at = word.indexOf('=')
    if (at < 1) return refuse(`--setting ${word} is no setting: write name=value`)
    const name = word.slice(0, at).trim()
    settings[name] = readSettingText(dialect, name, word.slice(at + 1))
  }
  // A setting that is taken away must be one of the dialect's, but has no value to be judged.
  const given = Object.entries(settings).filter(([, value]) => value !== null)
  const wrong = findWrongSetting(dialect, Object.fromEntries(given))
  return wrong ? refuse(`--setting ${wrong.name}: ${wrong.message}`) : settings
}
