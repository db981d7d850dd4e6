import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import sharp from 'sharp'
import type { Sharp } from 'sharp'

import type { ThumbnailFormat, Variant, VariantFormat } from '../variant.ts'

/** The most pixels that are decoded: four times the largest size that upstreams offer. */
export const DECODED_PIXELS_MAX = 40_000_000

const THUMBNAIL_PIXELS_MIN = 16
const THUMBNAIL_PIXELS_MAX = 2_048
const THUMBNAIL_ATTEMPTS_MAX = 7
const QUALITY = { webp: 80, avif: 55, jpeg: 82 } as const

export interface RenderedVariant {
  bytes: Uint8Array
  contentType: `image/${VariantFormat}`
}

/** Variants except the original. */
export type RenderableVariant = Exclude<Variant, { kind: 'original' }>

/**
 * Renders a variant. Does not decode a picture whose header declares more than 40 megapixels. Throws
 * `invalid_image` when it cannot be decoded and `overloaded` after the time limit.
 */
export async function renderVariant(
  { clock, renderMsMax }: { clock: Clock; renderMsMax: number },
  { source, variant }: { source: Uint8Array; variant: RenderableVariant },
): Promise<RenderedVariant> {
  const until = clock.monotonicMs() + renderMsMax
  const remainingMs = () => until - clock.monotonicMs()
  try {
    return variant.kind === 'resized'
      ? await resize(open(source, remainingMs()), variant)
      : await fitThumbnail(source, variant, remainingMs)
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.message.includes('timeout')
    if (timedOut)
      throw new AppError('overloaded', 'This picture takes too long to render.', { cause })
    throw new AppError('invalid_image', 'This picture cannot be decoded, so it has no variants.', {
      cause,
    })
  }
}

function open(source: Uint8Array, withinMs: number): Sharp {
  return (
    sharp(source, {
      limitInputPixels: DECODED_PIXELS_MAX,
      failOn: 'error',
      sequentialRead: true,
      pages: 1,
    })
      .timeout({ seconds: Math.max(1, Math.ceil(withinMs / 1_000)) })
      // Applies the EXIF orientation, since the variant has no EXIF data.
      .autoOrient()
  )
}

async function resize(
  picture: Sharp,
  { width, format }: { width: number | null; format: VariantFormat | null },
): Promise<RenderedVariant> {
  if (width !== null) picture.resize({ width, withoutEnlargement: true })
  const target = format ?? readableFormat((await picture.metadata()).format)
  return { bytes: await encode(picture, target), contentType: `image/${target}` }
}

const readableFormat = (format: string | undefined): VariantFormat =>
  format === 'jpeg' || format === 'webp' ? format : 'png'

/**
 * Searches the largest width whose encoding fits the budget. The size grows roughly with the area, so each
 * attempt estimates the width from the last one, between the largest that fits and the smallest too large.
 */
async function fitThumbnail(
  source: Uint8Array,
  { bytesMax, format }: { bytesMax: number; format: ThumbnailFormat },
  remainingMs: () => number,
): Promise<RenderedVariant> {
  // Decoded once, at the maximum thumbnail size; every attempt starts from this.
  const { data, info } = await open(source, remainingMs())
    .resize({
      width: THUMBNAIL_PIXELS_MAX,
      height: THUMBNAIL_PIXELS_MAX,
      fit: 'inside',
      withoutEnlargement: true,
    })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels }
  const render = (width: number) =>
    encode(sharp(data, { raw }).resize({ width: Math.round(width) }), format)

  let fits: { width: number; bytes: Uint8Array } | undefined
  let tooLarge = info.width + 1
  let width = info.width
  for (let attempt = 0; attempt < THUMBNAIL_ATTEMPTS_MAX; attempt += 1) {
    const bytes = await render(width)
    if (bytes.length <= bytesMax) fits = { width, bytes }
    else tooLarge = width
    const low = fits?.width ?? 0
    if (tooLarge - low <= Math.max(1, low * 0.03) || (fits && remainingMs() <= 0)) break
    const guess = Math.floor(width * Math.sqrt(bytesMax / bytes.length) * 0.98)
    const inside = guess > low && guess < tooLarge
    width = inside ? guess : Math.floor((low + tooLarge) / 2)
    if (width <= low || width < 1) break
  }
  fits ??= {
    width: THUMBNAIL_PIXELS_MIN,
    bytes: await render(Math.min(info.width, THUMBNAIL_PIXELS_MIN)),
  }
  return { bytes: fits.bytes, contentType: `image/${format}` }
}

function encode(picture: Sharp, format: VariantFormat): Promise<Uint8Array> {
  switch (format) {
    case 'webp':
      return picture.webp({ quality: QUALITY.webp, effort: 3 }).toBuffer()
    case 'avif':
      return picture.avif({ quality: QUALITY.avif, effort: 2 }).toBuffer()
    case 'jpeg':
      return picture
        .flatten({ background: '#ffffff' })
        .jpeg({ quality: QUALITY.jpeg, mozjpeg: false })
        .toBuffer()
    case 'png':
      return picture.png({ compressionLevel: 6 }).toBuffer()
  }
}
