import { AppError } from '@sluice/kernel/app-error'
import type { z } from 'zod'

import { pathOfNul } from './path-of-nul.ts'

export const CONTROL_BODY_BYTES_MAX = 1024 * 1024

/**
 * Decodes text or JSON by a schema. Throws `invalid_value` or `missing_required_parameter`, naming the field.
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const nul = pathOfNul(input)
  if (nul !== undefined) {
    const param = nul.slice(0, 100)
    const message = `'${param}' must be Unicode text without the character U+0000.`
    throw new AppError('invalid_value', message, { param })
  }
  const result = schema.safeDecode(input as z.input<Schema>)
  if (result.success) return result.data
  throw validationError(result.error, input)
}

function validationError(error: z.ZodError, input: unknown): AppError {
  const [issue] = error.issues
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])]
  const param = path.map(String).join('.').slice(0, 100)
  if (unknownKey !== undefined)
    return new AppError('invalid_value', `There is no parameter '${param}'.`, { param })
  if (param !== '' && valueAt(input, issue?.path ?? []) === undefined)
    return new AppError('missing_required_parameter', `'${param}' is missing.`, { param })
  const complaint = issue?.message ?? 'is not what is expected'
  const message = param === '' ? complaint : `'${param}': ${complaint}`
  return new AppError('invalid_value', message, param === '' ? {} : { param })
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** The query as an object. Throws `invalid_value` for a repeated parameter. */
export function queryFields(url: string): Record<string, string> {
  const start = url.indexOf('?')
  const fields = new Map<string, string>()
  if (start === -1) return {}
  for (const [name, value] of new URLSearchParams(url.slice(start))) {
    if (fields.has(name))
      throw new AppError('invalid_value', `'${name.slice(0, 100)}' is given twice.`, {
        param: name.slice(0, 100),
      })
    fields.set(name, value)
  }
  // A form sends `?state=` for an empty field.
  return Object.fromEntries([...fields].filter(([, value]) => value !== ''))
}
