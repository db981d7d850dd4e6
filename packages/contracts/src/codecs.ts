import { z } from 'zod'

/** Money: bigint in memory, a decimal string in JSON (JSON numbers are exact up to 2^53 only). */
export const microCredits = z.codec(z.string().regex(/^-?\d{1,19}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
})

/** An amount that may not be negative. */
export const amountMicro = microCredits.refine((amount) => amount >= 0n, 'must not be negative')

/** A point in time: Date in memory, ISO 8601 in UTC in JSON. */
export const instant = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** An id from `newId`: `prefix_` and hex digits. */
export const id = z.string().regex(/^[a-z]{2,6}_[0-9a-f]{32}$/)
