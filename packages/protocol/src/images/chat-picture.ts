import type { StoredPart } from '@sluice/contracts/events'

import type { Fields } from './field-reader.ts'
import { invalid } from './field-reader.ts'
import { imageUsageOf } from './image-answer.ts'

const MESSAGES_MAX = 2_000

/** What a chat request for a picture says, in the words of the images route. */
export interface PictureChat {
  fields: Fields
  /** Values for `readPictureSources`. */
  references: unknown[]
}

// What a chat request may say about its picture; temperature and the like mean nothing to one.
const PICTURE_FIELDS = [
  'background',
  'model',
  'moderation',
  'output_compression',
  'output_format',
  'partial_images',
  'quality',
  'safety_identifier',
  'size',
  'stream',
  'user',
]

/**
 * Reads a chat completion request that names an image model: the text of the last user message is the
 * prompt, its pictures are references. Throws `invalid_value` for `messages` without such a message.
 */
export function readPictureChat(body: Fields): PictureChat {
  const content = lastUserContent(body['messages'])
  const parts = Array.isArray(content) ? content.map(asRecord) : []
  const prompt =
    typeof content === 'string'
      ? content
      : parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('\n')
  if (prompt.trim() === '')
    throw invalid('messages', 'must end with a user message whose text says what to draw')
  const kept = PICTURE_FIELDS.filter((name) => Object.hasOwn(body, name))
  return {
    fields: { ...Object.fromEntries(kept.map((name) => [name, body[name]])), prompt },
    references: parts.filter(({ type }) => type === 'image_url'),
  }
}

function lastUserContent(messages: unknown): unknown {
  if (!Array.isArray(messages) || messages.length > MESSAGES_MAX)
    throw invalid('messages', `must be a list of at most ${MESSAGES_MAX} messages`)
  return messages.map(asRecord).findLast(({ role }) => role === 'user')?.['content']
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}

/** The message of a chat answer: each picture as a Markdown image with its signed link. */
export function pictureMarkdown(links: readonly string[]): string {
  return links.map((link) => `![image](${link})`).join('\n\n')
}

/** Tokens in the words of chat; undefined when the upstream reported none. */
export function chatUsageOf(parts: readonly StoredPart[]) {
  const usage = imageUsageOf(parts)
  return (
    usage && {
      prompt_tokens: usage.input_tokens,
      completion_tokens: usage.output_tokens,
      total_tokens: usage.total_tokens,
    }
  )
}

interface ChatHead {
  id: string
  created: number
  model: string
}

/** A `chat.completion` whose message is the picture. */
export function pictureCompletion(
  head: ChatHead,
  { content, usage, taskId }: { content: string; usage: unknown; taskId: string },
) {
  return {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    ...(usage !== undefined && { usage }),
    sluice: { task_id: taskId },
  }
}

/** A `chat.completion.chunk` with one choice. */
export function pictureChunk(
  head: ChatHead,
  { delta, finishReason = null }: { delta: Record<string, unknown>; finishReason?: 'stop' | null },
) {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  }
}

/** The chunk before `[DONE]` when the caller asked for `stream_options.include_usage`. */
export function usageChunk(head: ChatHead, usage: unknown) {
  return { ...head, object: 'chat.completion.chunk', choices: [], usage: usage ?? null }
}
