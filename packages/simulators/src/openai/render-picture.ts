import { crc32 } from 'node:zlib'

import sharp from 'sharp'

export type Format = 'png' | 'jpeg' | 'webp'

export interface PictureRequest {
  width: number
  height: number
  format: Format
  transparent: boolean
  /** Selects one of a few colours. */
  tone: number
  /** Written into the image's metadata (png, jpeg), so that all images have different bytes. */
  stamp: string
}

const tones = [
  '#2f6f8f',
  '#8f2f4f',
  '#4f8f2f',
  '#8f6f2f',
  '#5f2f8f',
  '#2f8f7f',
  '#8f3f2f',
  '#3f4f8f',
]
const CACHE_LENGTH_MAX = 128
const cache = new Map<string, Promise<Buffer>>()

/** An image of the requested size; images that differ only in `stamp` are rendered once. */
export async function renderPicture({ stamp, ...spec }: PictureRequest): Promise<Buffer> {
  const kind = { ...spec, tone: spec.tone % tones.length }
  const name = JSON.stringify(kind)
  const base = cache.get(name) ?? renderBase(kind)
  if (cache.size >= CACHE_LENGTH_MAX) cache.clear()
  cache.set(name, base)
  return stamped(await base, spec.format, stamp)
}

async function renderBase({
  width,
  height,
  format,
  transparent,
  tone,
}: Omit<PictureRequest, 'stamp'>) {
  const channels = transparent ? 4 : 3
  const background = { ...rgbOf(tones[tone] ?? '#2f6f8f'), alpha: transparent ? 0.5 : 1 }
  const picture = sharp({ create: { width, height, channels, background } })
  if (format === 'png') return await picture.png({ compressionLevel: 1 }).toBuffer()
  if (format === 'jpeg') return await picture.jpeg({ quality: 60 }).toBuffer()
  return await picture.webp({ quality: 60, effort: 0 }).toBuffer()
}

function rgbOf(hex: string) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
  return { r: r ?? 0, g: g ?? 0, b: b ?? 0 }
}

function stamped(base: Buffer, format: Format, stamp: string): Buffer {
  if (format === 'png') return withTextChunk(base, stamp)
  if (format === 'jpeg') return withComment(base, stamp)
  return base
}

// A tEXt chunk is inserted before IEND, which is always the last 12 bytes (PNG §11.3.4.3).
function withTextChunk(png: Buffer, stamp: string): Buffer {
  const typed = Buffer.from(`tEXtsimulator\0${stamp}`, 'latin1')
  const chunk = Buffer.alloc(typed.byteLength + 8)
  chunk.writeUInt32BE(typed.byteLength - 4, 0)
  typed.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(typed), typed.byteLength + 4)
  return Buffer.concat([png.subarray(0, -12), chunk, png.subarray(-12)])
}

// A COM segment may follow SOI directly (ITU T.81 B.2.4.5).
function withComment(jpeg: Buffer, stamp: string): Buffer {
  const text = Buffer.from(stamp, 'latin1')
  const head = Buffer.from([0xff, 0xfe, 0, 0])
  head.writeUInt16BE(text.byteLength + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, text, jpeg.subarray(2)])
}
