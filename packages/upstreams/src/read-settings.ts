import type { z } from 'zod'

import { failureOf } from './failure-treatments.ts'
import type { UpstreamAccess } from './upstream.ts'
import { UpstreamError } from './upstream-error.ts'

/** A channel's settings, parsed by its dialect's schema. Throws an UpstreamError when they do not match. */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  { settings }: Pick<UpstreamAccess, 'settings'>,
): z.output<Schema> {
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data
  throw new UpstreamError(failureOf('misconfigured'), parsed.error)
}
