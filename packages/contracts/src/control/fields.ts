import { z } from 'zod'

import { id, instant } from '../codecs.ts'
import { credentialOperation } from '../scheduler.contract.ts'

export const PAGE_ITEMS_MAX = 100

/** What every list takes. The cursor is opaque: it is the `next_cursor` of the page before. */
export const pageQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(25),
})

/** What every list answers. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}

export const idParams = z.object({ id })

/** Text that a person wrote for people: any characters but controls. */
export function userText(charactersMax: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters')
}

/** A day in UTC, `2026-11-21`. Nothing of ours is older, and days before year 0 are no text of this form. */
export const day = z.iso.date().refine((text) => text >= '1970-01-01', 'must be 1970 or later')

/** A failure as people are told it. */
export const shownFailure = z.object({
  code: z.string(),
  message: z.string(),
  /** The parameter that the upstream names as wrong. */
  param: z.string().optional(),
  /** The upstream's own code of the mistake. */
  upstream_code: z.string().optional(),
})

/** One use that a credential may not be put to for a while. `model` is the upstream's name of it. */
export const shownRestriction = z.object({
  kind: z.enum(['limited', 'denied']),
  operation: credentialOperation.nullable(),
  model: z.string().nullable(),
  until: instant,
})
