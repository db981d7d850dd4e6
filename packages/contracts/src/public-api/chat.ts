import { z } from 'zod'

const part = z
  .object({ type: z.enum(['text', 'image_url', 'input_audio', 'file', 'refusal']) })
  .loose()
  .meta({ description: 'A part of a message, as OpenAI’s API defines it.' })

const message = z
  .object({
    role: z.enum(['developer', 'system', 'user', 'assistant', 'tool', 'function']),
    content: z.union([z.string(), z.array(part), z.null()]).optional(),
  })
  .loose()

/**
 * `POST /v1/chat/completions`. Only the members that the gateway reads are described; all others are forwarded
 * unchanged to the upstream.
 */
export const chatCompletionRequest = z
  .object({
    model: z.string().max(200).meta({ description: 'A name of GET /v1/models.' }),
    messages: z.array(message),
    stream: z.boolean().nullish().meta({ description: 'Answer as server-sent events.' }),
    stream_options: z.object({ include_usage: z.boolean().optional() }).loose().nullish(),
    max_completion_tokens: z.int().positive().nullish().meta({
      description: 'The most tokens of the answer; bounds what the call may cost.',
    }),
    max_tokens: z.int().positive().nullish().meta({ description: 'The older name of that.' }),
    n: z.int().positive().nullish().meta({ description: 'How many answers.' }),
  })
  .loose()
  .meta({
    description:
      'Members that are not listed are forwarded unchanged. A repeated member, or one whose name differs from a listed one only by case or separators, is refused with 400.',
  })

const tokenUsage = z
  .object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    sluice: z
      .object({ usage_source: z.enum(['upstream', 'estimate']) })
      .loose()
      .optional()
      .meta({ description: 'Only where the gateway replaced the upstream’s report.' }),
  })
  .loose()

/** The answer, from the upstream byte for byte wherever it is valid. */
export const chatCompletion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z
        .object({
          index: z.int(),
          message: z.object({ role: z.string() }).loose(),
          finish_reason: z.string().nullable(),
        })
        .loose(),
    ),
    usage: tokenUsage.optional(),
  })
  .loose()

export const chatCompletionChunk = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.int(),
    model: z.string(),
    choices: z.array(z.object({ index: z.int(), delta: z.object({}).loose() }).loose()),
    usage: tokenUsage.nullish(),
  })
  .loose()
  .meta({ description: 'One `data:` event; the stream ends with `data: [DONE]`.' })
