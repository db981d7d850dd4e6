import { network } from '@sluice/contracts/control/apikeys'
import { userText } from '@sluice/contracts/control/fields'
import { z } from 'zod'

import { creditsText } from './quota.ts'

const RPM_MAX = 1_000_000
const MODELS_MAX = 200
const NETWORKS_MAX = 100

/**
 * The form of an API key as a browser sends it: text and lists of text; empty means no limit. Fields have
 * the API's names, so that API errors map to fields. Server only.
 */
export const keyForm = z.object({
  /** The id of the edited key; empty for a new key. */
  id: z.string().default(''),
  /** The values that the form was rendered with, as JSON; unchanged fields are not sent. */
  initialValues: z.string().max(50_000).default(''),
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
