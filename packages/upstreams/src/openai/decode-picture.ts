import { PICTURE_BYTES_MAX } from './image-limits.ts'

/**
 * Decodes an image in text form: a data URL (RFC 2397), base64 or percent-encoded, of any media type, or bare
 * base64. Accepts line breaks, spaces, the URL-safe alphabet and missing padding. Undefined for anything
 * else, for an empty image, and above the size limit. Pure.
 */
export function decodePicture(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (!/^data:/i.test(trimmed)) return decodeBase64(trimmed)
  const comma = trimmed.indexOf(',')
  if (comma === -1 || comma > HEADER_CHARS_MAX) return undefined
  const payload = trimmed.slice(comma + 1)
  if (/;\s*base64\s*$/i.test(trimmed.slice(0, comma))) return decodeBase64(payload)
  return decodePercent(payload) ?? decodeBase64(payload)
}

const HEADER_CHARS_MAX = 1_000

function decodeBase64(text: string): Uint8Array | undefined {
  const plain = text.includes('%') ? unescaped(text) : text
  const base64 = /\s/.test(plain) ? plain.replaceAll(/\s+/g, '') : plain
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const length = Math.floor(((base64.length - padding) * 3) / 4)
  if (length === 0 || length > PICTURE_BYTES_MAX) return undefined
  const bytes = Buffer.from(base64, 'base64')
  // Node skips invalid characters, so invalid base64 results in missing bytes.
  return bytes.byteLength === length ? bytes : undefined
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded; invalid base64 is detected by its length.
    return text
  }
}

/** `%XX` and every other character is one byte; undefined for text beyond Latin-1. */
function decodePercent(text: string): Uint8Array | undefined {
  if (!text.includes('%') || text.length > PICTURE_BYTES_MAX * 3) return undefined
  const latin1 = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  // oxlint-disable-next-line no-control-regex -- every byte value is valid
  return /^[\u0000-\u00ff]*$/.test(latin1) ? Buffer.from(latin1, 'latin1') : undefined
}
