import { parseCredits } from '@sluice/kernel/credits'
import { z } from 'zod'

/** Credits as text: `12`, `0.5`; empty means no limit. Server only. */
export const creditsText = z
  .string()
  .trim()
  .refine((text) => text === '' || microOf(text) !== undefined)

/** Micro-credits of `12.5`; undefined unless it is an amount above 0 with at most six decimals. */
export function microOf(text: string): bigint | undefined {
  const micro = parseCredits(text)
  return micro !== undefined && micro > 0n ? micro : undefined
}
