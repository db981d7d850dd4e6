import { parseArgs } from 'node:util'

import { amountFields, priceFields } from '@sluice/contracts/control/amounts'
import type { MicroCredits } from '@sluice/kernel/credits'
import type { z } from 'zod'

/** The arguments are invalid; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Arguments {
  /** A required option. */
  need(name: string): string
  option(name: string): string | undefined
  /** All values of a repeatable option. */
  every(name: string): string[]
  flag(name: string): boolean
  /** The nth positional argument, required. */
  positional(index: number, meaning: string): string
  rest(from: number): string[]
}

/** Parses a command line by the command's options; the error for an unknown option names it. */
export function readArguments(
  args: string[],
  known: { options?: string[]; repeated?: string[]; flags?: string[] },
): Arguments {
  const types = [
    ...(known.repeated ?? []).map(
      (name) => [name, { type: 'string' as const, multiple: true }] as const,
    ),
    ...(known.options ?? []).map((name) => [name, { type: 'string' as const }] as const),
    ...(known.flags ?? []).map((name) => [name, { type: 'boolean' as const }] as const),
  ]
  const { values, positionals } = parse(args, Object.fromEntries(types))
  const option = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    option,
    every: (name) => [values[name] ?? []].flat().filter((value) => typeof value === 'string'),
    flag: (name) => values[name] === true,
    need: (name) => option(name) ?? refuse(`--${name} is missing`),
    positional: (index, meaning) => positionals[index] ?? refuse(`${meaning} is missing`),
    rest: (from) => positionals.slice(from),
  }
}

/**
 * Parses an amount above 0 and at most a billion credits, in decimal notation (`12`, `0.5`), with the API's
 * schema. Returns micro-credits. `name` is the option or argument, for the error.
 */
export function readCredits(name: string, text: string): MicroCredits {
  return parsed(name, amountFields.credits.safeParse(text))
}

/** As `readCredits`, with 0 allowed. */
export function readCreditsOrNone(name: string, text: string): MicroCredits {
  return parsed(name, priceFields.credits.safeParse(text))
}

/** A whole number from 1 to `max`. */
export function readCount(name: string, text: string, { max }: { max: number }): number {
  const count = Number(text)
  return /^\d+$/.test(text) && count >= 1 && count <= max
    ? count
    : refuse(`--${name} must be a whole number from 1 to ${max}, not ${text}`)
}

/** Unwraps the result of a schema of the API; its first issue becomes the command's error. */
export function parsed<Value>(name: string, result: z.ZodSafeParseResult<Value>): Value {
  if (result.success) return result.data
  const [issue] = result.error.issues
  return refuse(`${name} ${issue?.message ?? 'is invalid'}`)
}

export function refuse(message: string): never {
  throw new UsageError(message)
}

function parse(
  args: string[],
  options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>,
) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}
