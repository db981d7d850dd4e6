import { linesOf } from './channel-models.ts'

const LINE = /^([A-Za-z]\w{0,99})\s*[=:]\s*(\S.*)$/

/** Name and value of a line such as `usageInStreams = estimate`; undefined for an invalid line. */
export function settingOfLine(line: string): { name: string; value: string } | undefined {
  const [, name, value] = LINE.exec(line) ?? []
  return name === undefined || value === undefined ? undefined : { name, value }
}

/** The value of a setting in such lines; empty if it is not set. */
export function settingIn(text: string, name: string): string {
  const found = linesOf(text)
    .map(settingOfLine)
    .find((one) => one?.name === name)
  return found?.value ?? ''
}

/** The lines without settings of these names. */
export function withoutSettings(text: string, names: readonly string[]): string {
  return linesOf(text)
    .filter((line) => !names.includes(settingOfLine(line)?.name ?? ''))
    .join('\n')
}

/** Sets the value of a setting; an empty value removes it. Other lines are unchanged. */
export function withSetting(text: string, name: string, value: string): string {
  const line = value.trim() === '' ? [] : [`${name} = ${value.trim()}`]
  const lines = linesOf(text)
  const at = lines.findIndex((one) => settingOfLine(one)?.name === name)
  if (at === -1) return [...lines, ...line].join('\n')
  return lines.toSpliced(at, 1, ...line).join('\n')
}
