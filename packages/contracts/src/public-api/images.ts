import { z } from 'zod'

import { imageBackgrounds, imageFormats, imageQualities } from '../image-request.ts'

const qualities = ['auto', ...imageQualities, 'standard', 'hd'] as const

const parameters = {
  model: z.string().max(200).optional().meta({
    description:
      'A name of GET /v1/models; `IMAGE_DEFAULT_MODEL` or the first image model without it.',
  }),
  prompt: z.string().min(1).max(32_000),
  n: z.int().min(1).max(10).optional().meta({ description: 'How many pictures; 1 by default.' }),
  size: z
    .string()
    .max(32)
    .optional()
    .meta({
      description: '`auto` or `WIDTHxHEIGHT` in pixels, as the model allows.',
      examples: ['1024x1024'],
    }),
  quality: z.enum(qualities).optional(),
  background: z.enum(['auto', ...imageBackgrounds]).optional(),
  output_format: z.enum(imageFormats).optional().meta({ description: '`png` by default.' }),
  output_compression: z.int().min(0).max(100).optional().meta({
    description: 'For `jpeg` and `webp`.',
  }),
  moderation: z.enum(['auto', 'low']).optional(),
  response_format: z.enum(['b64_json', 'url']).optional().meta({
    description: 'Both by default (`IMAGE_ANSWER` of the installation).',
  }),
  stream: z.boolean().optional().meta({ description: 'Answer as server-sent events.' }),
  async: z.boolean().optional().meta({
    description: 'Answer 202 with the task at once; not together with `stream`.',
  }),
  partial_images: z.int().min(0).max(3).optional().meta({
    description: 'Unfinished pictures on the way, in a stream or in the events of the task.',
  }),
  safety_identifier: z.string().max(512).optional(),
  user: z.string().max(512).optional(),
}

const picture = z.union([
  z
    .string()
    .meta({ description: 'An http(s) URL, a data URL, base64, or a link of this gateway.' }),
  z.object({ image_url: z.string() }),
  z.object({ url: z.string() }),
  z.object({ b64_json: z.string() }),
])

export const imageGenerationRequest = z
  .object({
    ...parameters,
    reference_images: z.array(picture).max(4).optional().meta({
      description: 'Pictures to start from; at most 20 MiB each.',
    }),
  })
  .loose()
  .meta({
    description: 'Members that are not listed are forwarded where they are scalars, at most 20.',
  })

export const imageEditRequest = z
  .object({
    ...parameters,
    image: z
      .union([picture, z.array(picture).max(16)])
      .optional()
      .meta({
        description: 'The pictures to edit; `images` is read in its stead where it is present.',
      }),
    images: z.array(picture).max(16).optional(),
    mask: picture.optional().meta({
      description: 'PNG with an alpha channel, as large as the first picture; at most 4 MiB.',
    }),
    input_fidelity: z.enum(['high', 'low']).optional(),
  })
  .loose()
  .meta({
    description: 'As JSON, or as a form whose files are `image`, `image[]` and `mask`.',
  })

const effective = {
  background: z.enum(imageBackgrounds),
  output_format: z.enum(imageFormats),
  quality: z.enum(imageQualities),
  size: z.string(),
}

const usage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int(),
  input_tokens_details: z.object({ text_tokens: z.int(), image_tokens: z.int() }),
  output_tokens_details: z.object({ text_tokens: z.int(), image_tokens: z.int() }),
})

const missing = z.object({
  index: z.int(),
  code: z.string(),
  message: z.string(),
  param: z.string().optional(),
})

export const imageAnswer = z.object({
  created: z.int().meta({ description: 'Unix seconds.' }),
  data: z.array(
    z.object({
      b64_json: z.string().optional(),
      url: z.string().optional().meta({ description: 'A signed link that expires.' }),
      revised_prompt: z.string().optional(),
    }),
  ),
  ...effective,
  usage: usage.optional().meta({ description: 'Where the upstream reported tokens.' }),
  safety_identifier: z.string().optional(),
  sluice: z.object({
    task_id: z.string(),
    requested: z.int(),
    delivered: z.int(),
    missing: z.array(missing).optional(),
  }),
})

const status = z.enum(['queued', 'running', 'done', 'failed', 'cancelled'])

const taskHead = {
  id: z.string(),
  task_id: z.string(),
  object: z.literal('image.task'),
  status,
  created: z.int(),
}

/** The 202 answer to `"async": true`. */
export const imageTaskHead = z.object(taskHead)

export const imageTask = z.object({
  ...taskHead,
  kind: z.enum(['generate', 'edit']),
  model: z.string(),
  n: z.int(),
  started_at: z.int().nullable(),
  finished_at: z.int().nullable(),
  position: z.int().optional().meta({ description: 'Its position in the queue; 1 is next.' }),
  data: z.array(
    z.object({
      index: z.int(),
      url: z.string(),
      bytes: z.int(),
      sha256: z.string(),
      ...effective,
      revised_prompt: z.string().optional(),
    }),
  ),
  missing: z.array(missing).optional(),
  usage: usage.optional(),
  error: z.object({ message: z.string(), code: z.string().nullable() }).loose().nullable(),
})

const eventHead = { type: z.string(), task_id: z.string() }

/** Events of a streamed answer: `<family>.partial_image`, `.completed` and `.missing`. */
export const imageStreamEvent = z
  .object({
    type: z.enum([
      'image_generation.partial_image',
      'image_generation.completed',
      'image_generation.missing',
      'image_edit.partial_image',
      'image_edit.completed',
      'image_edit.missing',
    ]),
    b64_json: z.string().optional(),
    url: z.string().optional(),
    sluice: z.object({ task_id: z.string(), index: z.int().optional() }),
  })
  .loose()

/** Events of `GET /v1/images/tasks/{id}/events`; `id` of the event is its number, for `Last-Event-ID`. */
export const imageTaskEvent = z.object(eventHead).loose().meta({
  description:
    'queued, started, partial, stored, missing, requeued; then one of done, failed, cancelled.',
})
