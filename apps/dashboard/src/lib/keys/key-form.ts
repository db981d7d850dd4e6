import { network } from '@sluice/contracts/control/apikeys'
import { userText } from '@sluice/contracts/control/fields'
import { z } from 'zod'

import { creditsText } from './quota.ts'

const RPM_MAX = 1_000_000
const MODELS_MAX = 200
const NETWORKS_MAX = 100

/**
 * The form of an API key, as a browser sends it: text and lists of text; empty is no limit. Fields have
 * the names of the API's, so that a refusal finds its field. Server only.
 */
export const keyForm = z.object({
  /** Of the key that is edited; empty for a new one. */
  id: z.string().default(''),
  /** The form as it was shown, as JSON: what is the same is not sent. */
  was: z.string().max(50_000).default(''),
  name: userText(100),
  rpm_limit: z
    .string()
    .trim()
    .regex(/^\d*$/)
    .refine((text) => text === '' || (Number(text) >= 1 && Number(text) <= RPM_MAX))
    .default(''),
  daily_quota: creditsText.default(''),
  model_whitelist: z.array(z.string().trim().min(1).max(200)).max(MODELS_MAX).default([]),
  ip_whitelist: z.array(network).max(NETWORKS_MAX).default([]),
  expires_at: z.union([z.literal(''), z.iso.datetime()]).default(''),
})
export type KeyForm = z.output<typeof keyForm>
