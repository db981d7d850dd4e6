import { z } from 'zod'

import { id, instant } from '../codecs.ts'
import { credentialOperation } from '../scheduler.contract.ts'

export const PAGE_ITEMS_MAX = 100

/** The query of every list. The cursor is opaque: the `next_cursor` of the previous page. */
export const pageQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(25),
})

/** The response of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}

export const idParams = z.object({ id })

/** Free text of a user: any characters except control characters. */
export function userText(charactersMax: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters')
}

/** A day in UTC, `2026-11-21`. No record is older than 1970; days before year 0 have no such format. */
export const day = z.iso.date().refine((text) => text >= '1970-01-01', 'must be 1970 or later')

/** A failure in responses. */
export const shownFailure = z.object({
  code: z.string(),
  message: z.string(),
  /** The parameter that the upstream reports as invalid. */
  param: z.string().optional(),
  /** The upstream's error code. */
  upstream_code: z.string().optional(),
})

/** A temporary limit on the use of a credential. `model` is the upstream's name of the model. */
export const shownRestriction = z.object({
  kind: z.enum(['limited', 'denied']),
  operation: credentialOperation.nullable(),
  model: z.string().nullable(),
  until: instant,
})
