import { readSettingText, settingText } from '@sluice/contracts/channel-settings'
import type { ShownChannel } from '@sluice/contracts/control/admin'

import { linesOf } from './channel-models.ts'
import { settingOfLine } from './setting-lines.ts'

type Dialect = ShownChannel['dialect']

/** Settings as an operator writes them, one a line: `usageInStreams = estimate`. */
export function formatSettings(settings: ShownChannel['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${settingText(value)}`)
    .join('\n')
}

/** The first line that is no setting; undefined when all are. */
export function wrongSettingLine(text: string): string | undefined {
  return linesOf(text).find((line) => settingOfLine(line) === undefined)
}

/** Reads such lines, by what the dialect's settings take. */
export function parseSettings(text: string, dialect: Dialect): Record<string, unknown> {
  const entries = linesOf(text).flatMap((line) => {
    const setting = settingOfLine(line)
    if (!setting) return []
    const { name, value } = setting
    return [[name, readSettingText(dialect, name, value)] as const]
  })
  return Object.fromEntries(entries)
}

/** What changes settings into those of the text: null for a line that is gone. */
export function settingsChange(
  text: string,
  { dialect, settings }: Pick<ShownChannel, 'dialect' | 'settings'>,
): Record<string, unknown> {
  const wanted = parseSettings(text, dialect)
  const gone = Object.keys(settings).filter((name) => !Object.hasOwn(wanted, name))
  return { ...wanted, ...Object.fromEntries(gone.map((name) => [name, null])) }
}
