import { formatCredits, parseCredits } from '@sluice/kernel/credits'
import { z } from 'zod'

const CREDITS_MAX = 1_000_000_000
const MICRO_MAX = BigInt(CREDITS_MAX) * 1_000_000n

const EXAMPLE = 'with at most six digits after the point, such as 1000 or "12.5"'
const MICRO_EXAMPLE = 'such as "12500000" for 12.5 credits'

/**
 * An input amount in credits: `1000`, `12.5`, `"0.000001"`. Micro-credits in memory. A number is parsed from
 * its decimal text, so that no amount is rounded: more than six fractional digits are rejected.
 */
const credits = (range: Range) =>
  amountInput(`must be an amount of credits ${range.text}, ${EXAMPLE}`, range, parseCredits)

/** An input amount in micro-credits, as text or as an integer. */
const micro = (range: Range) =>
  amountInput(
    `must be a whole number of micro-credits ${range.text}, ${MICRO_EXAMPLE}`,
    range,
    (text) => (/^\d{1,19}$/.test(text) ? BigInt(text) : undefined),
  )

interface Range {
  min: bigint
  text: string
}

function amountInput(expected: string, { min }: Range, read: (text: string) => bigint | undefined) {
  return z.codec(z.union([z.number(), z.string().max(40)], { error: () => expected }), z.bigint(), {
    decode: (value, context) => {
      const amount = read(String(value).trim())
      if (amount !== undefined && amount >= min && amount <= MICRO_MAX) return amount
      context.issues.push({ code: 'custom', input: value, message: expected })
      return z.NEVER
    },
    encode: (amount) => amount.toString(),
  })
}

const aboveZero = { min: 1n, text: 'above 0 and at most a billion credits' }
const fromZero = { min: 0n, text: 'from 0 to a billion credits' }

/** The two fields of an amount in a request's body: in credits and in micro-credits. */
export const amountFields = { credits: credits(aboveZero), micro: micro(aboveZero) }
/** The same for prices, which may be zero. */
export const priceFields = { credits: credits(fromZero), micro: micro(fromZero) }

/**
 * The amount, in micro-credits, of a body that has it in credits (member `name`), in micro-credits (`name`
 * with `_micro`) or in both. Undefined when it has neither; adds an issue when the two differ.
 */
export function oneAmount(
  name: string,
  amounts: { credits: bigint | null | undefined; micro: bigint | null | undefined },
  context: z.RefinementCtx,
): bigint | null | undefined {
  if (amounts.credits === undefined) return amounts.micro
  if (amounts.micro === undefined || amounts.credits === amounts.micro) return amounts.credits
  context.addIssue({
    code: 'custom',
    path: [name],
    message: 'is not the same amount as the one in micro-credits',
  })
  return z.NEVER
}

/** Like `oneAmount` for a required amount. */
export function needAmount(
  name: string,
  amounts: { credits: bigint | undefined; micro: bigint | undefined },
  context: z.RefinementCtx,
): bigint {
  const amount = oneAmount(name, amounts, context)
  if (typeof amount === 'bigint') return amount
  context.addIssue({ code: 'custom', path: [name], message: 'is missing' })
  return z.NEVER
}

/** The type of a response after `withCredits`. */
export type WithCredits<T> = T extends readonly (infer Item)[]
  ? WithCredits<Item>[]
  : T extends object
    ? { [Name in keyof T]: WithCredits<T[Name]> } & {
        [Name in keyof T as Exclude<CreditsName<Name>, keyof T>]: string | Extract<T[Name], null>
      }
    : T

type CreditsName<Name> = Name extends `${infer Amount}_micro`
  ? Amount
  : Name extends `micro_per_${infer Unit}`
    ? `per_${Unit}`
    : Name extends `${infer Amount}_micro_per_${infer Unit}`
      ? `${Amount}_per_${Unit}`
      : never

/**
 * Adds to each amount in micro-credits (`…_micro`, integer text) the amount in credits as decimal text,
 * under the same name without `_micro`. Does not replace existing members.
 */
export function withCredits(response: unknown): unknown {
  if (Array.isArray(response)) return response.map(withCredits)
  if (typeof response !== 'object' || response === null) return response
  const members = Object.entries(response).flatMap(([name, value]) => {
    const inCredits = creditsName(name)
    const member: [string, unknown] = [name, withCredits(value)]
    if (inCredits === undefined || Object.hasOwn(response, inCredits)) return [member]
    const isAmount = value === null || (typeof value === 'string' && /^-?\d{1,30}$/.test(value))
    if (!isAmount) return [member]
    return [[inCredits, value === null ? null : formatCredits(BigInt(value))] as const, member]
  })
  return Object.fromEntries(members)
}

/** The JSON schema of a response with the members that `withCredits` adds. */
export function schemaWithCredits(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(schemaWithCredits)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === 'properties' ? propertiesWithCredits(value) : schemaWithCredits(value),
    ]),
  )
}

function propertiesWithCredits(properties: object): object {
  const members = Object.entries(properties).flatMap(([name, schema]) => {
    const inCredits = creditsName(name)
    const member = [name, schemaWithCredits(schema)] as const
    if (inCredits === undefined || Object.hasOwn(properties, inCredits)) return [member]
    return [[inCredits, CREDITS_SCHEMA] as const, member]
  })
  return Object.fromEntries(members)
}

const CREDITS_SCHEMA = {
  type: ['string', 'null'],
  pattern: '^-?\\d+(\\.\\d{1,6})?$',
  description: 'Credits as decimal text; null when the amount in micro-credits is null.',
}

// `charged_micro` → `charged`, `input_micro_per_million` → `input_per_million`, `micro_per_image` → `per_image`.
function creditsName(name: string): string | undefined {
  if (name.endsWith('_micro')) return name.slice(0, -'_micro'.length)
  if (name.startsWith('micro_per_')) return name.slice('micro_'.length)
  return name.includes('_micro_per_') ? name.replace('_micro_per_', '_per_') : undefined
}
