import { sniffImage } from '@sluice/protocol/images/sniff-image'

/** The form of an image response. */
export type AnswerForm = 'stream' | 'json' | 'picture' | 'text'

/** The number of bytes needed to detect the form. */
export const FORM_BYTES = 32

/**
 * Detects the form of an image response by its first bytes: compatible services send JSON for a stream
 * request and vice versa, with any content type or none, and some send the image itself. Pure.
 */
export function answerForm(head: Uint8Array): AnswerForm {
  if (sniffImage(head)) return 'picture'
  const text = leadingText(head)
  if (/^[{["]/.test(text)) return 'json'
  // A bare data URL starts like a field of an event.
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
