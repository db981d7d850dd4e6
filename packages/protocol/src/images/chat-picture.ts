import type { StoredPart } from '@sluice/contracts/events'

import { LongText } from '../long-text.ts'
import { findChatReferences } from './chat-references.ts'
import type { Fields } from './field-reader.ts'
import { CHAR_BYTES_MAX, invalid, readLongText } from './field-reader.ts'
import { imageUsageOf } from './image-answer.ts'
import { PROMPT_CHARS_MAX } from './parse-image-call.ts'

const MESSAGES_MAX = 2_000

/** A chat request for a picture, as parameters of the images route. */
export interface PictureChat {
  fields: Fields
  /** Values for `readPictureSources`. */
  references: unknown[]
  /** Names of ignored parameters of the request. */
  ignored: string[]
}

// Parameters that apply to pictures; temperature and others do not.
const PICTURE_FIELDS = [
  'background',
  'input_fidelity',
  'model',
  'moderation',
  'n',
  'output_compression',
  'output_format',
  'partial_images',
  'quality',
  'safety_identifier',
  'size',
  'stream',
  'user',
]
const READ_FIELDS: ReadonlySet<string> = new Set([...PICTURE_FIELDS, 'messages', 'stream_options'])
const IGNORED_NAMES_MAX = 20

/**
 * Reads a chat completion request for an image model: the text of the last user message is the prompt; its
 * pictures, or otherwise the last picture of the conversation, are references. Throws `invalid_value` for
 * `messages` without such a message, and `unsupported_parameter` for parts that image models do not support.
 */
export function readPictureChat(body: Fields): PictureChat {
  const messages = body['messages']
  if (!Array.isArray(messages) || messages.length > MESSAGES_MAX)
    throw invalid('messages', `must be a list of at most ${MESSAGES_MAX} messages`)
  const lastUserIndex = messages.findLastIndex((message) => asRecord(message)['role'] === 'user')
  const content = asRecord(messages[lastUserIndex])['content']
  const prompt = promptOf(content)
  if (prompt.trim() === '')
    throw invalid('messages', 'must end with a user message whose text describes the picture')
  const { references, messageIndex } = findChatReferences(messages, { lastUserIndex })
  const present = PICTURE_FIELDS.filter((name) => Object.hasOwn(body, name))
  const isUnread = (_: unknown, index: number) => index !== lastUserIndex && index !== messageIndex
  return {
    fields: { ...Object.fromEntries(present.map((name) => [name, body[name]])), prompt },
    references,
    ignored: [...ignoredFields(body), ...(messages.some(isUnread) ? ['messages'] : [])],
  }
}

/** The text of a message. Checks the length before it builds the string. */
function promptOf(content: unknown): string {
  const texts = Array.isArray(content) ? content.map((part) => asRecord(part)['text']) : [content]
  const long = texts.filter((text) => text instanceof LongText)
  if (long.reduce((sum, { byteLength }) => sum + byteLength, 0) > PROMPT_CHARS_MAX * CHAR_BYTES_MAX)
    throw invalid('messages', `must have a prompt of at most ${PROMPT_CHARS_MAX} characters`)
  return texts
    .map((text) => (text instanceof LongText ? readLongText(text) : text))
    .filter((text) => typeof text === 'string')
    .join('\n')
}

function ignoredFields(body: Fields): string[] {
  return Object.entries(body)
    .filter(([name, value]) => !READ_FIELDS.has(name) && value !== null && value !== undefined)
    .filter(([name]) => /^[\w.-]{1,64}$/.test(name))
    .map(([name]) => name)
    .slice(0, IGNORED_NAMES_MAX)
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}

/** The message of a picture: a Markdown image, and `images` for clients that support it. */
export function pictureMessage(link: string) {
  return {
    content: `![image](${link})`,
    images: [{ type: 'image_url', image_url: { url: link } }],
  }
}

/** Token counts in the chat format; undefined when the upstream reported none. */
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

/** A `chat.completion` with a choice for each picture. */
export function pictureCompletion(
  head: ChatHead,
  { links, usage, taskId }: { links: readonly string[]; usage: unknown; taskId: string },
) {
  return {
    ...head,
    object: 'chat.completion',
    choices: links.map((link, index) => ({
      index,
      message: { role: 'assistant', ...pictureMessage(link), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    })),
    ...(usage !== undefined && { usage }),
    sluice: { task_id: taskId },
  }
}

/** A `chat.completion.chunk` with one choice. */
export function pictureChunk(
  head: ChatHead,
  {
    index = 0,
    delta,
    finishReason = null,
  }: { index?: number; delta: Record<string, unknown>; finishReason?: 'stop' | null },
) {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs: null, finish_reason: finishReason }],
  }
}

/** The chunk before `[DONE]` when the caller set `stream_options.include_usage`. */
export function usageChunk(head: ChatHead, usage: unknown) {
  return { ...head, object: 'chat.completion.chunk', choices: [], usage: usage ?? null }
}
