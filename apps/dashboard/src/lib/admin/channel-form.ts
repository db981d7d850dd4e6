import { userText } from '@sluice/contracts/control/fields'
import { dialect } from '@sluice/contracts/scheduler.contract'
import { z } from 'zod'

import { linesOf, parseModels } from './channel-models.ts'
import { wrongSettingLine } from './channel-settings.ts'

const integer = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^-?\d{1,7}$/)
    .refine((text) => Number(text) >= least && Number(text) <= most)

const MODELS_CHARACTERS_MAX = 100_000
const SETTINGS_CHARACTERS_MAX = 10_000
const SECRETS_CHARACTERS_MAX = 1_000_000

const settings = {
  base_url: z.string().trim().max(500).default(''),
  priority: integer(-1_000, 1_000).default('0'),
  weight: integer(1, 1_000).default('1'),
  models: z
    .string()
    .max(MODELS_CHARACTERS_MAX)
    .refine((text) => parseModels(text).wrong === undefined && linesOf(text).length > 0)
    .default(''),
  settings: z
    .string()
    .max(SETTINGS_CHARACTERS_MAX)
    .refine((text) => wrongSettingLine(text) === undefined)
    .default(''),
  secrets: z.string().max(SECRETS_CHARACTERS_MAX).default(''),
  concurrency_max: integer(1, 10_000).default('64'),
}

/** The form of a new channel: numbers and lists as text, one entry per line. Server only. */
export const newChannelForm = z.object({
  name: userText(100),
  dialect: dialect.default('openai'),
  ...settings,
})

/** The form that edits a channel; `initialValues` has the values it was rendered with, as JSON. */
export const channelForm = z.object({
  ...settings,
  initialValues: z.string().max(200_000).default(''),
})

/** The form that adds keys to a pool. Server only. */
export const addKeysForm = z.object({
  secrets: settings.secrets.refine((text) => linesOf(text).length > 0),
  concurrency_max: settings.concurrency_max,
})
