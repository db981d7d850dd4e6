import { z } from 'zod'

/** Money: bigint in memory, a decimal string on any wire (JSON numbers end at 2^53). */
export const microCredits = z.codec(z.string().regex(/^-?\d{1,19}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
})

/** An amount that may not be negative. */
export const amountMicro = microCredits.refine((amount) => amount >= 0n, 'must not be negative')

/** A moment: Date in memory, ISO 8601 in UTC on any wire. */
export const instant = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** An id of ours: `prefix_` and hex digits. */
export const id = z.string().regex(/^[a-z]{2,6}_[0-9a-f]{32}$/)
