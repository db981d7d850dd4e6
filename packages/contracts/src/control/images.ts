import { z } from 'zod'

import { amountMicro, id, instant } from '../codecs.ts'
import { imageBackgrounds, imageFormat, imageFormats, imageQualities } from '../image-request.ts'
import { imagePriceStep } from '../prices.ts'
import { day, pageQuery, shownFailure } from './fields.ts'

export const taskStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export const taskState = z.enum(taskStates)

/** Links are paths on this door (`/p/img/…`), signed afresh for each reading. */
export const shownPicture = z.object({
  index: z.int().nonnegative(),
  /** `waiting` in line, `drawing`, `kept` in the store, `failed`, `cancelled`. */
  state: z.enum(['waiting', 'generating', 'stored', 'failed', 'cancelled']),
  url: z.string().nullable(),
  /** A variant of at most so many pixels: append `&w=320&format=webp` to `url`. */
  width: z.int().positive().nullable(),
  height: z.int().positive().nullable(),
  bytes: z.int().positive().nullable(),
  format: imageFormat.nullable(),
  revised_prompt: z.string().nullable(),
  /** The newest partial picture while it is drawn; a path on this door. */
  partial_url: z.string().nullable(),
  failure: shownFailure.nullable(),
})
export type ShownPicture = z.input<typeof shownPicture>

export const imageTask = z.object({
  id,
  state: taskState,
  kind: z.enum(['generate', 'edit']),
  model: z.string(),
  prompt: z.string(),
  count: z.int().positive(),
  size: z.string(),
  quality: z.string(),
  background: z.string(),
  format: imageFormat,
  /** How many reference pictures came with it. */
  references: z.int().nonnegative(),
  created_at: instant,
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
  /** 1 for the next to be drawn; null when it does not wait. */
  position: z.int().positive().nullable(),
  /** The number of the newest event that this reading includes; follow it from there. */
  last_event: z.int().nonnegative(),
  pictures: z.array(shownPicture),
  failure: shownFailure.nullable(),
  /** Through which key it was asked: null for the panel itself. */
  api_key: z.object({ id, name: z.string(), prefix: z.string() }).nullable(),
})
export type ImageTask = z.input<typeof imageTask>

/** The task with what became of its money. */
export const imageTaskDetail = imageTask.extend({
  /** Reserved for it now; null once it is settled, and while billing is away. */
  held_micro: amountMicro.nullable(),
  /** What it cost; null while it is not settled, and while billing is away. */
  charged_micro: amountMicro.nullable(),
})
export type ImageTaskDetail = z.input<typeof imageTaskDetail>

export const listImagesQuery = pageQuery.extend({
  state: taskState.optional(),
  model: z.string().max(200).optional(),
  /** Part of the prompt, in any case. */
  q: z.string().max(200).optional(),
  /** Days of UTC, both included. */
  from: day.optional(),
  to: day.optional(),
})

/** Everything that `POST /v1/images/generations` takes, as JSON; `reference_images` too. Or a form as /v1/images/edits takes. */
export const createImagesBody = z.record(z.string(), z.unknown())

export const estimateBody = z.strictObject({
  model: z.string().min(1).max(200),
  n: z.int().min(1).max(10).default(1),
  size: z.string().max(20).default('auto'),
  quality: z.string().max(20).default('auto'),
})
export const estimate = z.object({
  /** The most that the request may cost: what is held while it runs. */
  amount_micro: amountMicro,
  /** False when the wallet has less. */
  affordable: z.boolean(),
})

/** What the studio needs to know of a model that draws. */
export const imageModel = z.object({
  model: z.string(),
  sizes: z.array(z.string()),
  /** True when any `WxH` within the model's bounds is taken. */
  any_size: z.boolean(),
  qualities: z.array(z.enum(imageQualities)),
  formats: z.array(z.enum(imageFormats)),
  backgrounds: z.array(z.enum(imageBackgrounds)),
  count_max: z.int().positive(),
  references_max: z.int().nonnegative(),
  partial_images_max: z.int().nonnegative(),
  price_steps: z.array(
    z.object({
      quality: imagePriceStep.shape.quality,
      pixels_max: z.int().positive(),
      micro_per_image: amountMicro,
    }),
  ),
})
export type ImageModel = z.input<typeof imageModel>

export const modelList = z.object({ images: z.array(imageModel), chat: z.array(z.string()) })

/**
 * Events of `GET /api/user/images/:id/events`. `task` comes first and after each reconnect, whole, and again
 * whenever anything of it has changed; it is all that a page needs. `end` is the last.
 */
export const imageTaskEvents = {
  task: imageTaskDetail,
  end: z.object({ state: taskState }),
} as const

export const partialParams = z.object({
  id,
  index: z.coerce.number().int().min(0).max(9),
  number: z.coerce.number().int().min(0).max(9),
})

export const listAllImagesQuery = listImagesQuery.extend({ user_id: id.optional() })
export const adminImageTask = imageTaskDetail.extend({
  user: z.object({ id, email: z.string() }).nullable(),
  attempts: z.int().nonnegative(),
})
export type AdminImageTask = z.input<typeof adminImageTask>
