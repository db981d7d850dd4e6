import { z } from 'zod'

import { amountMicro, instant } from './codecs.ts'
import { imageQuality } from './image-request.ts'

/** Micro-credits per million tokens. */
export const tokenPrice = z.object({
  kind: z.literal('tokens'),
  inputMicroPerMillion: amountMicro,
  cachedInputMicroPerMillion: amountMicro,
  outputMicroPerMillion: amountMicro,
})
export type TokenPrice = z.output<typeof tokenPrice>

/** One step of an image price: for pictures of this quality with at most `pixelsMax` pixels. */
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

/** A row of the price book: the price of a model from `effectiveAt` until a later row of the model. */
export const priceRow = z.object({
  id: z.string(),
  /** The public model name, or `*` for every model without a row of this kind. */
  model: z.string(),
  effectiveAt: instant,
  price: z.discriminatedUnion('kind', [tokenPrice, imagePrice]),
})
export type PriceRow = z.output<typeof priceRow>
