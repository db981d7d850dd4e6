import { parseArgs } from 'node:util'

import type { MicroCredits } from '@sluice/kernel/credits'
import { parseCredits } from '@sluice/kernel/credits'

/** The command's words cannot be used; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Words {
  /** An option that must be given. */
  need(name: string): string
  option(name: string): string | undefined
  /** All values of an option that may be given more than once. */
  every(name: string): string[]
  flag(name: string): boolean
  /** The nth word that is no option. */
  word(index: number, meaning: string): string
  rest(from: number): string[]
}

/** Splits a command line by the options that the command knows; unknown ones are refused by name. */
export function readWords(
  args: string[],
  known: { options?: string[]; repeated?: string[]; flags?: string[] },
): Words {
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
    word: (index, meaning) => positionals[index] ?? refuse(`${meaning} is missing`),
    rest: (from) => positionals.slice(from),
  }
}

/** Credits as people write them: `12`, `0.5`. */
export function readCredits(text: string): MicroCredits {
  const amount = parseCredits(text)
  if (amount === undefined || amount < 0n) {
    return refuse(`${text} is no amount of credits: write a number like 12 or 0.5`)
  }
  return amount
}

/** A whole number of at least 1. */
export function readCount(name: string, text: string): number {
  const count = Number(text)
  return Number.isSafeInteger(count) && count > 0
    ? count
    : refuse(`--${name} must be a whole number above 0, not ${text}`)
}

export function refuse(sentence: string): never {
  throw new UsageError(sentence)
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
