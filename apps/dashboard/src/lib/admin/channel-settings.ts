import { parseSetting, formatSetting } from '@sluice/contracts/channel-settings'
import type { ShownChannel } from '@sluice/contracts/control/admin'

import { linesOf } from './channel-models.ts'
import { settingOfLine } from './setting-lines.ts'

type Dialect = ShownChannel['dialect']

/** Settings as text, one per line: `usageInStreams = estimate`. */
export function formatSettings(settings: ShownChannel['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${formatSetting(value)}`)
    .join('\n')
}

/** The first invalid line, or undefined. */
export function wrongSettingLine(text: string): string | undefined {
  return linesOf(text).find((line) => settingOfLine(line) === undefined)
}

/** Parses such lines with the types of the dialect's settings. */
export function parseSettings(text: string, dialect: Dialect): Record<string, unknown> {
  const entries = linesOf(text).flatMap((line) => {
    const setting = settingOfLine(line)
    if (!setting) return []
    const { name, value } = setting
    return [[name, parseSetting(dialect, name, value)] as const]
  })
  return Object.fromEntries(entries)
}

/** The changes from the stored settings to those of the text; null removes a setting. */
export function settingsChange(
  text: string,
  { dialect, settings }: Pick<ShownChannel, 'dialect' | 'settings'>,
): Record<string, unknown> {
  const next = parseSettings(text, dialect)
  const removed = Object.keys(settings).filter((name) => !Object.hasOwn(next, name))
  return { ...next, ...Object.fromEntries(removed.map((name) => [name, null])) }
}
