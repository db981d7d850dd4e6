import { z } from 'zod'

export const imageQualities = ['low', 'medium', 'high', 'xhigh', 'max'] as const
export const imageFormats = ['png', 'jpeg', 'webp'] as const
export const imageBackgrounds = ['opaque', 'transparent'] as const

export const imageQuality = z.enum(imageQualities)
export type ImageQuality = z.output<typeof imageQuality>
export const imageFormat = z.enum(imageFormats)
export type ImageFormat = z.output<typeof imageFormat>
export const imageBackground = z.enum(imageBackgrounds)
export type ImageBackground = z.output<typeof imageBackground>

/** `WxH` in pixels. */
export const imageSize = z.string().regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/)

/** Where an input picture lies: bytes are in the blob store, never in a row or on the bus. */
export const inputImage = z.object({
  blobKey: z.string(),
  contentType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
  bytes: z.int().positive(),
  name: z.string(),
})
export type InputImage = z.output<typeof inputImage>

/** What a caller wants drawn, after the door made it normal. `auto` means that the upstream chooses. */
export const imageRequest = z.object({
  kind: z.enum(['generate', 'edit']),
  /** The public model name, as the caller said it. */
  model: z.string(),
  prompt: z.string(),
  count: z.int().min(1).max(10),
  size: z.union([z.literal('auto'), imageSize]),
  quality: z.union([z.literal('auto'), imageQuality]),
  /** DALL·E's word, where the caller used it: `quality` is what it means, and what is charged. */
  qualityWord: z.enum(['standard', 'hd']).optional(),
  background: z.union([z.literal('auto'), imageBackground]),
  format: imageFormat,
  /** 0..100, for jpeg and webp. */
  compression: z.int().min(0).max(100).optional(),
  moderation: z.enum(['auto', 'low']).optional(),
  inputFidelity: z.enum(['high', 'low']).optional(),
  /** How many partial pictures the caller would like to see: 0..3. */
  partialImages: z.int().min(0).max(3),
  images: z.array(inputImage).max(16),
  mask: inputImage.optional(),
  /** A hash that names the caller's end user; forwarded. */
  safetyIdentifier: z.string().optional(),
  /** The caller's unknown parameters, forwarded as they came. */
  extra: z.record(z.string(), z.unknown()).optional(),
})
export type ImageRequest = z.output<typeof imageRequest>

/** What a picture turned out to be; never `auto`. */
export const imageFacts = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  quality: imageQuality,
  background: imageBackground,
  format: imageFormat,
})
export type ImageFacts = z.output<typeof imageFacts>
