export interface PictureHeader {
  format: 'png' | 'jpeg' | 'webp'
  width: number
  height: number
  /** Whether a pixel may be transparent. */
  alpha: boolean
  /** False when the end marker of the format is missing. */
  whole: boolean
}

/** Reads format and size of an image from its bytes; undefined for anything but PNG, JPEG and WebP. Pure. */
export function readPictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = readPng(buffer) ?? readJpeg(buffer) ?? readWebp(buffer)
  return header && header.width > 0 && header.height > 0 ? header : undefined
}

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')
const pngEnd = Buffer.from('49454e44ae426082', 'hex')
const jpegEnd = Buffer.from('ffd9', 'hex')
// Some encoders leave padding or a thumbnail's tail after the end marker.
const TAIL_BYTES_MAX = 1_024

// IHDR is the first chunk (PNG §11.2.2): width, height, bit depth, colour type.
function readPng(bytes: Buffer): PictureHeader | undefined {
  if (bytes.length < 33 || !bytes.subarray(0, 8).equals(pngSignature)) return undefined
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined
  const colourType = bytes.readUInt8(25)
  return {
    format: 'png',
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    alpha: colourType === 4 || colourType === 6 || hasTransparencyChunk(bytes),
    whole: endsWith(bytes, pngEnd),
  }
}

// tRNS adds transparency to palette and RGB images; it precedes the first IDAT.
function hasTransparencyChunk(bytes: Buffer): boolean {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (type === 'tRNS') return true
    if (type === 'IDAT') return false
  }
  return false
}

// The frame header is one of SOF0..SOF15 without DHT, JPG and DAC (ITU T.81 table B.1).
function readJpeg(bytes: Buffer): PictureHeader | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes.readUInt8(at) !== 0xff) return undefined
    const marker = bytes.readUInt8(at + 1)
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const height = bytes.readUInt16BE(at + 5)
      const width = bytes.readUInt16BE(at + 7)
      return { format: 'jpeg', width, height, alpha: false, whole: endsWith(bytes, jpegEnd) }
    }
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}

// RIFF container, then a chunk of the simple lossy, simple lossless or extended kind (RFC 9649).
function readWebp(bytes: Buffer): PictureHeader | undefined {
  if (bytes.length < 30 || bytes.toString('latin1', 0, 4) !== 'RIFF') return undefined
  if (bytes.toString('latin1', 8, 12) !== 'WEBP') return undefined
  const whole = bytes.readUInt32LE(4) + 8 <= bytes.length
  const kind = bytes.toString('latin1', 12, 16)
  if (kind === 'VP8 ') {
    const width = bytes.readUInt16LE(26) & 0x3fff
    const height = bytes.readUInt16LE(28) & 0x3fff
    return { format: 'webp', width, height, alpha: false, whole }
  }
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21)
    const width = (bits & 0x3fff) + 1
    const height = ((bits >>> 14) & 0x3fff) + 1
    return { format: 'webp', width, height, alpha: (bits >>> 28) % 2 === 1, whole }
  }
  if (kind !== 'VP8X') return undefined
  const alpha = (bytes.readUInt8(20) & 0x10) !== 0
  const width = bytes.readUIntLE(24, 3) + 1
  const height = bytes.readUIntLE(27, 3) + 1
  return { format: 'webp', width, height, alpha, whole }
}

function endsWith(bytes: Buffer, end: Buffer): boolean {
  return bytes.subarray(-TAIL_BYTES_MAX).lastIndexOf(end) !== -1
}
