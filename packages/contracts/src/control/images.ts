import { z } from 'zod'

import { amountMicro, id, instant } from '../codecs.ts'
import { imageBackgrounds, imageFormat, imageFormats, imageQualities } from '../image-request.ts'
import { imagePriceStep } from '../prices.ts'
import { day, pageQuery, shownFailure } from './fields.ts'

export const taskStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export const taskState = z.enum(taskStates)

/** Links are paths below the gateway's base URL (`/p/img/…`), signed anew for each response. */
export const shownPicture = z.object({
  index: z.int().nonnegative(),
  /** `waiting` in the queue, being generated, `stored` in the blob store, `failed`, `cancelled`. */
  state: z.enum(['waiting', 'generating', 'stored', 'failed', 'cancelled']),
  url: z.string().nullable(),
  /** For a smaller variant, append `&w=320&format=webp` to `url`. */
  width: z.int().positive().nullable(),
  height: z.int().positive().nullable(),
  bytes: z.int().positive().nullable(),
  format: imageFormat.nullable(),
  revised_prompt: z.string().nullable(),
  /** The path of the newest partial picture while it is being generated. */
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
  /** The number of reference pictures in the request. */
  references: z.int().nonnegative(),
  created_at: instant,
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
  /** The position in the queue, from 1; null when it is not queued. */
  position: z.int().positive().nullable(),
  /** The number of the newest event that this response includes; resume the event stream after it. */
  last_event: z.int().nonnegative(),
  pictures: z.array(shownPicture),
  failure: shownFailure.nullable(),
  /** The API key of the request; null for the panel. */
  api_key: z.object({ id, name: z.string(), prefix: z.string() }).nullable(),
})
export type ImageTask = z.input<typeof imageTask>

/** The task with its hold and its charge. */
export const imageTaskDetail = imageTask.extend({
  /** The amount on hold; null once it is settled, and while billing is unavailable. */
  held_micro: amountMicro.nullable(),
  /** The charged amount; null until it is settled, and while billing is unavailable. */
  charged_micro: amountMicro.nullable(),
})
export type ImageTaskDetail = z.input<typeof imageTaskDetail>

export const listImagesQuery = pageQuery.extend({
  state: taskState.optional(),
  model: z.string().max(200).optional(),
  /** A substring of the prompt, case-insensitive. */
  q: z.string().max(200).optional(),
  /** UTC days, both inclusive. */
  from: day.optional(),
  to: day.optional(),
})

/** The JSON body of POST /v1/images/generations with `reference_images`, or the form of /v1/images/edits. */
export const createImagesBody = z.record(z.string(), z.unknown())

export const estimateBody = z.strictObject({
  model: z.string().min(1).max(200),
  n: z.int().min(1).max(10).default(1),
  size: z.string().max(20).default('auto'),
  quality: z.string().max(20).default('auto'),
})
export const estimate = z.object({
  /** The maximum cost of the request, which is put on hold while it runs. */
  amount_micro: amountMicro,
  /** False when the available balance is lower. */
  affordable: z.boolean(),
})

/** The capabilities and prices of an image model, for the studio. */
export const imageModel = z.object({
  model: z.string(),
  sizes: z.array(z.string()),
  /** True when any `WxH` within the model's limits is accepted. */
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
 * Events of `GET /api/user/images/:id/events`. `task` has the whole task; it is the first event, also after a
 * reconnect, and is sent again after each change. `end` is the last.
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
