import { findAlike } from '@sluice/kernel/fold-case'
import { z } from 'zod'

import { amountMicro, id, instant } from '../codecs.ts'
import { amountFields, oneAmount } from './amounts.ts'
import { userText } from './fields.ts'

const MODELS_MAX = 200
const NETWORKS_MAX = 100

/** An address or network: `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()])

const limits = {
  /** Requests in any period of 60 seconds; null: no limit. */
  rpm_limit: z.int().min(1).max(1_000_000).nullable(),
  /** Public model names that the key may use; null: all. */
  model_whitelist: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(MODELS_MAX)
    .refine((names) => !findAlike(names), 'names two models that differ only by case')
    .nullable(),
  /** Addresses and networks that the key may be used from; null: any. */
  ip_whitelist: z.array(network).min(1).max(NETWORKS_MAX).nullable(),
  /** Null: never. */
  expires_at: instant.nullable(),
}

/** The credits that the key may spend per UTC day, in either unit; null: no limit. */
const quota = {
  daily_quota: amountFields.credits.nullable().optional(),
  daily_quota_micro: amountFields.micro.nullable().optional(),
}

interface Quota {
  daily_quota?: bigint | null | undefined
  daily_quota_micro?: bigint | null | undefined
}

function withOneQuota<Body extends Quota>(body: Body, context: z.RefinementCtx) {
  const { daily_quota: _, ...rest } = body
  return {
    ...rest,
    daily_quota_micro: oneAmount(
      'daily_quota',
      { credits: body.daily_quota, micro: body.daily_quota_micro },
      context,
    ),
  }
}

const newKey = z.strictObject({
  name: userText(100),
  rpm_limit: limits.rpm_limit.default(null),
  ...quota,
  model_whitelist: limits.model_whitelist.default(null),
  ip_whitelist: limits.ip_whitelist.default(null),
  expires_at: limits.expires_at.default(null),
})
export const createApiKeyBody = newKey.transform(withOneQuota)

/** Absent fields are unchanged; null removes a limit. */
export const editApiKeyBody = z
  .strictObject({ name: userText(100), ...limits, ...quota })
  .partial()
  .transform(withOneQuota)

export const apiKey = z.object({
  id,
  name: z.string(),
  /** The first characters of the key, for display. */
  prefix: z.string(),
  ...limits,
  /** Null: no limit. */
  daily_quota_micro: amountMicro.nullable(),
  /** The part of today's quota that is spent or reserved. */
  spent_today_micro: amountMicro,
  state: z.enum(['active', 'expired', 'revoked']),
  created_at: instant,
  last_used_at: instant.nullable(),
  revoked_at: instant.nullable(),
})
export type ShownApiKey = z.input<typeof apiKey>

export const createdApiKey = apiKey.extend({
  /** The key itself; only in this response. */
  api_key: z.string(),
})
