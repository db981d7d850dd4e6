export type SniffedType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif' | 'image/avif'

/** Number of leading bytes that `sniffImage` needs. */
export const SNIFF_BYTES = 32

const ascii = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end)

const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n'

/** Detects the type from the bytes; undefined for anything but a supported picture. */
export function sniffImage(head: Uint8Array): SniffedType | undefined {
  if (ascii(head, 0, 8) === PNG_SIGNATURE) return 'image/png'
  if (ascii(head, 0, 3) === '\xff\xd8\xff') return 'image/jpeg'
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'image/webp'
  if (/^GIF8[79]a$/.test(ascii(head, 0, 6))) return 'image/gif'
  if (ascii(head, 4, 8) === 'ftyp' && /avi[fs]/.test(ascii(head, 8, 32))) return 'image/avif'
  return undefined
}

export interface ImageSize {
  width: number
  height: number
}

/**
 * Width and height from the header of a PNG, JPEG or WebP, without decoding. Undefined when the header is
 * damaged or truncated.
 */
export function readImageSize(head: Uint8Array): ImageSize | undefined {
  const size = sizeOf(head)
  return size && size.width > 0 && size.height > 0 ? size : undefined
}

function sizeOf(head: Uint8Array): ImageSize | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  switch (sniffImage(head)) {
    case 'image/png':
      if (head.length < 24 || ascii(head, 12, 16) !== 'IHDR') return undefined
      return { width: view.getUint32(16), height: view.getUint32(20) }
    case 'image/jpeg':
      return jpegSize(view)
    case 'image/webp':
      return webpSize(head, view)
    default:
      return undefined
  }
}

// ITU T.81 B.1.1: markers with a length, until a frame header (SOF0..15 except DHT, JPG and DAC).
function jpegSize(view: DataView): ImageSize | undefined {
  let at = 2
  while (at + 9 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined
    const marker = view.getUint8(at + 1)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    // Fill bytes, and markers without a length.
    if (marker === 0xff) at += 1
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

// RFC 9649 §2.5-2.7: lossy, lossless and extended files store their size at different offsets.
function webpSize(head: Uint8Array, view: DataView): ImageSize | undefined {
  if (head.length < 30) return undefined
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
  switch (ascii(head, 12, 16)) {
    case 'VP8 ':
      return {
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      }
    case 'VP8L': {
      const bits = view.getUint32(21, true)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return { width: uint24(24) + 1, height: uint24(27) + 1 }
    default:
      return undefined
  }
}
