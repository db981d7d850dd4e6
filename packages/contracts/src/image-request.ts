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

/** A reference to an input picture: the bytes are in the blob store, never in a row or on the bus. */
export const inputImage = z.object({
  blobKey: z.string(),
  contentType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
  bytes: z.int().positive(),
  name: z.string(),
})
export type InputImage = z.output<typeof inputImage>

/** An image request after edge-api has normalized it. `auto`: the upstream chooses the value. */
export const imageRequest = z.object({
  kind: z.enum(['generate', 'edit']),
  /** The public model name, as the caller sent it. */
  model: z.string(),
  prompt: z.string(),
  count: z.int().min(1).max(10),
  size: z.union([z.literal('auto'), imageSize]),
  quality: z.union([z.literal('auto'), imageQuality]),
  /** The DALL·E quality, where the caller sent one; `quality` is the equivalent that is charged. */
  qualityWord: z.enum(['standard', 'hd']).optional(),
  background: z.union([z.literal('auto'), imageBackground]),
  format: imageFormat,
  /** 0..100, for jpeg and webp. */
  compression: z.int().min(0).max(100).optional(),
  moderation: z.enum(['auto', 'low']).optional(),
  inputFidelity: z.enum(['high', 'low']).optional(),
  /** How many partial pictures the caller requests: 0..3. */
  partialImages: z.int().min(0).max(3),
  images: z.array(inputImage).max(16),
  mask: inputImage.optional(),
  /** A hash that identifies the caller's end user; forwarded. */
  safetyIdentifier: z.string().optional(),
  /** Unknown parameters of the caller, forwarded unchanged. */
  extra: z.record(z.string(), z.unknown()).optional(),
})
export type ImageRequest = z.output<typeof imageRequest>

/** The actual properties of a generated picture; never `auto`. */
export const imageFacts = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  quality: imageQuality,
  background: imageBackground,
  format: imageFormat,
})
export type ImageFacts = z.output<typeof imageFacts>
