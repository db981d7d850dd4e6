import { AppError } from '@sluice/kernel/app-error'

import { LongText } from '../long-text.ts'

/** Request parameters by name: JSON values, or text of form fields. */
export type Fields = Readonly<Record<string, unknown>>

export interface FieldReader {
  /** Well-formed text without NUL; undefined when absent. */
  text(name: string, lengthMax: number): string | undefined
  integer(name: string, range: { min: number; max: number }): number | undefined
  flag(name: string): boolean | undefined
  choice<const Value extends string>(name: string, values: readonly Value[]): Value | undefined
}

/**
 * Reads parameters leniently: null and empty text count as absent, numbers and booleans may be text, as in
 * forms. Throws `invalid_value` for an invalid value, naming its parameter.
 */
export function fieldReader(fields: Fields): FieldReader {
  const present = (name: string): unknown => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    // openai-node documents the text "null" for null in forms.
    return value === null || value === '' || value === 'null' ? undefined : value
  }

  return {
    text: (name, lengthMax) => {
      const value = present(name)
      return value === undefined ? undefined : cleanText(name, value, lengthMax)
    },
    integer: (name, { min, max }) => {
      const value = present(name)
      if (value === undefined) return undefined
      const number = typeof value === 'string' ? readDecimal(value) : value
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
        return number
      throw invalid(name, `must be an integer from ${min} to ${max}`)
    },
    flag: (name) => {
      const value = present(name)
      if (value === undefined) return undefined
      if (value === true || value === 'true') return true
      if (value === false || value === 'false') return false
      throw invalid(name, 'must be true or false')
    },
    choice: (name, values) => {
      const value = present(name)
      if (value === undefined) return undefined
      const known = values.find((allowed) => allowed === value)
      if (known !== undefined) return known
      throw invalid(name, `must be one of ${values.join(', ')}`)
    },
  }
}

/** The error for an invalid parameter value. */
export function invalid(param: string, complaint: string): AppError {
  return new AppError('invalid_value', `'${param}' ${complaint}.`, { param })
}

/**
 * PostgreSQL stores neither NUL nor lone surrogates: NUL is refused, lone surrogates become U+FFFD, as in any
 * UTF-8 encoding. `lengthMax` counts characters, not UTF-16 units.
 */
export function cleanText(param: string, given: unknown, lengthMax: number): string {
  const value = given instanceof LongText ? shortEnough(param, given, lengthMax) : given
  if (typeof value !== 'string') throw invalid(param, 'must be text')
  if (isLonger(value, lengthMax)) throw invalid(param, `must have at most ${lengthMax} characters`)
  if (value.includes('\0')) throw invalid(param, 'must not contain NUL characters')
  return value.toWellFormed()
}

/** A character takes at most two escapes of six bytes. */
export const CHAR_BYTES_MAX = 12

function shortEnough(param: string, text: LongText, lengthMax: number): string {
  if (text.byteLength > lengthMax * CHAR_BYTES_MAX)
    throw invalid(param, `must have at most ${lengthMax} characters`)
  return readLongText(text)
}

/** The text of a long string. Throws `invalid_json` for an invalid escape. */
export function readLongText(text: LongText): string {
  try {
    return text.text()
  } catch (cause) {
    throw new AppError('invalid_json', 'The body is not JSON.', { cause })
  }
}

function isLonger(text: string, lengthMax: number): boolean {
  if (text.length <= lengthMax) return false
  return text.length > lengthMax * 2 || Array.from(text).length > lengthMax
}

const readDecimal = (text: string) => (/^-?\d{1,9}$/.test(text.trim()) ? Number(text) : undefined)
