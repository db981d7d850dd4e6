import { AppError } from '@sluice/kernel/app-error'

import { LongText } from '../long-text.ts'
import { isOwnPictureLink, ownPictureLinks } from './own-picture-links.ts'

/** Markdown images that are tried from the end of a text, since the last ones may be malformed. */
const MARKDOWN_TRIES_MAX = 20

export interface ChatReferences {
  /** Values for `readPictureSources`. */
  references: unknown[]
  /** Index of the message that contains them; -1 without any. */
  messageIndex: number
}

/**
 * The pictures that a conversation refers to: all of the last user message, or otherwise the last one of the
 * conversation, sent by a user or included in an earlier response. Links to pictures of this installation are
 * recognized in any text; other URLs only as Markdown images in assistant messages. Throws
 * `unsupported_parameter` for parts of the last user message that no image model supports. Pure.
 */
export function findChatReferences(
  messages: readonly unknown[],
  { lastUserIndex }: { lastUserIndex: number },
): ChatReferences {
  const lastUserMessage = messages[lastUserIndex]
  refuseOtherParts(lastUserMessage)
  const own = picturesIn(lastUserMessage)
  if (own.length > 0) return { references: own, messageIndex: lastUserIndex }
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const last = index === lastUserIndex ? undefined : picturesIn(messages[index]).at(-1)
    if (last !== undefined) return { references: [last], messageIndex: index }
  }
  return { references: [], messageIndex: -1 }
}

/** The pictures of one message, in order; of Markdown text only the last one. */
function picturesIn(message: unknown): unknown[] {
  const role = memberOf(message, 'role')
  const content = memberOf(message, 'content')
  const isAnswer = role === 'assistant'
  const inText = isAnswer ? shownIn : role === 'user' ? ownPictureLinks : nothing
  const parts = Array.isArray(content) ? content.flatMap((part) => pictureOf(part, inText)) : []
  const shown = isText(content) ? inText(content) : []
  const images = isAnswer ? memberOf(message, 'images') : undefined
  const beside = Array.isArray(images) ? images.flatMap((part) => pictureOf(part, nothing)) : []
  // The text of an assistant message and its `images` contain the same pictures.
  if (beside.length > 0) return beside
  return [...parts, ...shown]
}

type ReadText = (text: string | LongText) => (string | LongText)[]
const nothing: ReadText = () => []

const PICTURE_TYPES: ReadonlySet<unknown> = new Set(['image_url', 'input_image', 'output_image'])
const TEXT_TYPES: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text', undefined])

function pictureOf(part: unknown, inText: ReadText): unknown[] {
  const type = memberOf(part, 'type')
  if (PICTURE_TYPES.has(type)) return [part]
  const text = memberOf(part, 'text')
  return TEXT_TYPES.has(type) && isText(text) ? inText(text) : []
}

const isText = (value: unknown): value is string | LongText =>
  typeof value === 'string' || value instanceof LongText

function refuseOtherParts(message: unknown): void {
  const content = memberOf(message, 'content')
  if (!Array.isArray(content)) return
  for (const part of content) {
    const type = memberOf(part, 'type')
    if (PICTURE_TYPES.has(type) || TEXT_TYPES.has(type)) continue
    const kind = typeof type === 'string' ? `'${type.slice(0, 50)}' parts` : 'parts of this kind'
    throw new AppError(
      'unsupported_parameter',
      `An image model reads text and pictures; it does not read ${kind} in 'messages'.`,
      { param: 'messages' },
    )
  }
}

/**
 * The picture in an assistant's text: the last Markdown image, or the last picture link of this installation.
 */
function shownIn(text: string | LongText): (string | LongText)[] {
  const shown = markdownPicture(text)
  return shown.length > 0 ? shown : ownPictureLinks(text).slice(-1)
}

/** The last `![…](url)` of a text. Searches from the end, so that a long text is read once. */
function markdownPicture(text: string | LongText): (string | LongText)[] {
  let end = typeof text === 'string' ? text.length : text.byteLength
  for (let tries = 0; tries < MARKDOWN_TRIES_MAX; tries += 1) {
    const middle = text.lastIndexOf('](', end)
    if (middle === -1) return []
    const close = text.indexOf(')', middle)
    const start = text.lastIndexOf('[', middle)
    const isImage = start > 0 && text.slice(start - 1, start) === '!' && close !== -1
    const address = isImage ? addressIn(text.slice(middle + 2, close)) : undefined
    if (address !== undefined) return [address]
    end = middle - 1
  }
  return []
}

/** Parses `url`, `<url>` or `url "title"`; undefined when it is not the URL of a picture. */
function addressIn(target: string | LongText): string | LongText | undefined {
  if (target instanceof LongText) return longAddressIn(target)
  const [word = ''] = target.trim().split(/\s/, 1)
  const address = word.replace(/^<|>$/g, '')
  const isWhole = ADDRESS.test(address) || isOwnPictureLink(address)
  return isWhole ? address : undefined
}

const ADDRESS = /^(?:https?:\/\/|data:image\/)/i
const HEAD_BYTES = 256

// A data URL ends at the first white space.
function longAddressIn(target: LongText): string | LongText | undefined {
  const lead = /^\s*<?/.exec(target.head(HEAD_BYTES))?.[0] ?? ''
  const from = lead.includes('\n') ? 0 : lead.length
  const ends = [' ', '\\n', '>'].map((word) => target.indexOf(word, from)).filter((at) => at !== -1)
  const address = target.slice(from, ends.length > 0 ? Math.min(...ends) : target.byteLength)
  const head = typeof address === 'string' ? address : address.head(HEAD_BYTES)
  return ADDRESS.test(head) ? address : undefined
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}
