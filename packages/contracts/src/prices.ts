import { z } from 'zod'

import { amountMicro, instant } from './codecs.ts'
import { imageQuality } from './image-request.ts'

/** Micro-credits for a million tokens of each sort. */
export const tokenPrice = z.object({
  kind: z.literal('tokens'),
  inputMicroPerMillion: amountMicro,
  cachedInputMicroPerMillion: amountMicro,
  outputMicroPerMillion: amountMicro,
})
export type TokenPrice = z.output<typeof tokenPrice>

/** One step of an image price: pictures of this quality with at most so many pixels. */
export const imagePriceStep = z.object({
  quality: imageQuality,
  pixelsMax: z.int().positive(),
  microPerImage: amountMicro,
})
export type ImagePriceStep = z.output<typeof imagePriceStep>

export const imagePrice = z.object({
  kind: z.literal('images'),
  steps: z.array(imagePriceStep).min(1),
})
export type ImagePrice = z.output<typeof imagePrice>

/** A row of the price book: what a model costs from a moment on, until a later row of it. */
export const priceRow = z.object({
  id: z.string(),
  /** The public model name, or `*` for every model that has no row of this kind of its own. */
  model: z.string(),
  effectiveAt: instant,
  price: z.discriminatedUnion('kind', [tokenPrice, imagePrice]),
})
export type PriceRow = z.output<typeof priceRow>
