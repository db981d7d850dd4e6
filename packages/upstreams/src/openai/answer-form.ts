import { sniffImage } from '@sluice/protocol/images/sniff-image'

/** What an image answer is, by its own bytes. */
export type AnswerForm = 'stream' | 'json' | 'picture' | 'text'

/** So many bytes tell the form of an answer. */
export const FORM_BYTES = 32

/**
 * The form of an image answer from its first bytes: look-alikes answer a stream with JSON and the other
 * way round, with any content type or none, and some send the picture itself. Pure.
 */
export function answerForm(head: Uint8Array): AnswerForm {
  if (sniffImage(head)) return 'picture'
  const text = leadingText(head)
  if (/^[{["]/.test(text)) return 'json'
  // A bare data URL begins like a field of an event.
  if (/^data:[a-z]+\/[a-z0-9.+-]+[;,]/i.test(text)) return 'text'
  return /^(?:data|event|id|retry)?:/.test(text) || /^(?:data|event|id|retry)$/m.test(text)
    ? 'stream'
    : 'text'
}

/** The text of the first bytes without a byte order mark and leading white space. Pure. */
export function leadingText(head: Uint8Array): string {
  return Buffer.from(head)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
}
