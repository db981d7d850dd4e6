import { failureOf } from '../failure-treatments.ts'
import { UpstreamError } from '../upstream-error.ts'
import type { Sharp } from './load-sharp.ts'

/** The input images of an edit; the first one is edited. */
export interface EditInputs {
  images: Uint8Array[]
  mask: Uint8Array | undefined
}

interface Layers {
  inputs: EditInputs
  width: number
  height: number
  /** The layer composed over the editable area. */
  tint: Buffer
}

// 40 megapixels: more than any model accepts, and a limit for decompression bombs.
const INPUT_PIXELS_MAX = 40_000_000
const THUMBNAILS_MAX = 3

/**
 * The first input, tinted where the mask is transparent (slightly everywhere without a mask), with the other
 * inputs as thumbnails in the corner. Throws an UpstreamError when an input cannot be read.
 */
export async function editLayers(sharp: Sharp, { inputs, width, height, tint }: Layers) {
  const { images, mask } = inputs
  const [first] = images
  if (!first) throw refusal('An edit requires an input image.')
  await checkInputs(sharp, inputs)
  const size = { width, height, fit: 'cover' } as const
  const base = await open(sharp, first).resize(size).ensureAlpha().png(quick).toBuffer()
  // The tint is removed where the mask is opaque, since nothing is edited there.
  const untouched = mask
    ? { input: await open(sharp, mask).resize(size).ensureAlpha().png(quick).toBuffer() }
    : { input: Buffer.from([0, 0, 0, 128]), raw: onePixel, tile: true }
  const over = await sharp(tint)
    .ensureAlpha()
    .composite([{ ...untouched, blend: 'dest-out' }])
    .png(quick)
    .toBuffer()
  const side = Math.max(8, Math.round(Math.min(width, height) / 6))
  const others = await thumbnails(sharp, { images: images.slice(1), side, width })
  const layered = await sharp(base)
    .composite([{ input: over }, ...others])
    .png(quick)
    .toBuffer()
  return sharp(layered)
}

const quick = { compressionLevel: 0 } as const
const onePixel = { width: 1, height: 1, channels: 4 } as const

async function thumbnails(
  sharp: Sharp,
  { images, side, width }: { images: Uint8Array[]; side: number; width: number },
) {
  return await Promise.all(
    images.slice(0, THUMBNAILS_MAX).map(async (image, at) => {
      const input = await open(sharp, image).resize(side, side).ensureAlpha().png(quick).toBuffer()
      const left = Math.max(0, width - (at + 1) * Math.round(side * 1.15))
      return { input, left, top: Math.round(side * 0.15) }
    }),
  )
}

async function checkInputs(sharp: Sharp, { images, mask }: EditInputs): Promise<void> {
  const sizes = await Promise.all(images.map((image) => sizeOf(sharp, image)))
  const [first] = sizes
  const masked = mask && (await sizeOf(sharp, mask))
  if (masked && (masked.width !== first?.width || masked.height !== first.height)) {
    throw refusal('The mask must have the dimensions of the first image.')
  }
}

async function sizeOf(sharp: Sharp, image: Uint8Array) {
  const { width, height } = await open(sharp, image)
    .metadata()
    .catch((error: unknown) => {
      throw refusal('An input image cannot be read.', error)
    })
  return { width, height }
}

function open(sharp: Sharp, image: Uint8Array) {
  return sharp(image, { limitInputPixels: INPUT_PIXELS_MAX, failOn: 'error' })
}

function refusal(message: string, cause?: unknown): UpstreamError {
  return new UpstreamError(failureOf('image-refused', { message, status: 400 }), cause)
}
