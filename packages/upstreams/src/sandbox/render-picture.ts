import type { ImageBackground, ImageFormat } from '@sluice/contracts/image-request'

import type { Composition } from './compose-picture.ts'
import { captionOf, composePicture, backgroundOf, shapesOf } from './compose-picture.ts'
import type { EditInputs } from './edit-picture.ts'
import { editLayers } from './edit-picture.ts'
import type { Sharp } from './load-sharp.ts'

export interface PictureSpec {
  composition: Composition
  width: number
  height: number
  format: ImageFormat
  background: ImageBackground
  /** 0..100, for jpeg and webp. */
  compression: number | undefined
  /** The inputs of an edit. */
  inputs: EditInputs | undefined
}

/** An image as raw pixels. */
export interface Pixels {
  bytes: Buffer
  width: number
  height: number
}

/** Renders an image as pixels with an alpha channel. */
export async function renderPixels(sharp: Sharp, spec: PictureSpec): Promise<Pixels> {
  const { composition, width, height, inputs, background } = spec
  const svg = (parts: string[]) =>
    Buffer.from(composePicture({ parts, composition, width, height }))
  const backdrop = background === 'opaque' ? [backgroundOf(composition)] : []
  const base = inputs
    ? await editLayers(sharp, { ...spec, inputs, tint: svg([shapesOf(composition)]) })
    : sharp(svg([...backdrop, shapesOf(composition)]))
  const bytes = await base
    .ensureAlpha()
    .composite([{ input: svg([captionOf(composition)]) }])
    .raw()
    .toBuffer()
  return { bytes, width, height }
}

/** A coarser version for a partial image. `grain` is the block size in pixels. */
export async function coarser(sharp: Sharp, { bytes, width, height }: Pixels, grain: number) {
  const raw = { width, height, channels: 4 } as const
  const size = [width, height].map((side) => Math.max(1, Math.round(side / grain)))
  const small = await sharp(bytes, { raw })
    .resize(size[0], size[1], { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const large = await sharp(small.data, { raw: { ...raw, ...sizeOf(small.info) } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  return { bytes: large, width, height }
}

/** Encodes pixels in the requested format. */
export async function encodePixels(
  sharp: Sharp,
  { bytes, width, height }: Pixels,
  { format, background, compression }: Pick<PictureSpec, 'format' | 'background' | 'compression'>,
): Promise<Buffer> {
  const picture = sharp(bytes, { raw: { width, height, channels: 4 } })
  const shown = background === 'opaque' ? picture.flatten({ background: '#ffffff' }) : picture
  const quality = Math.max(1, compression ?? QUALITY)
  if (format === 'png') return await shown.png({ compressionLevel: 6 }).toBuffer()
  if (format === 'jpeg') return await shown.jpeg({ quality }).toBuffer()
  return await shown.webp({ quality, effort: 2 }).toBuffer()
}

// The API's default is 100; 90 looks the same at half the bytes.
const QUALITY = 90

function sizeOf({ width, height }: { width: number; height: number }) {
  return { width, height }
}
