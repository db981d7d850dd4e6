import { z } from 'zod'

import { imageQuality } from './image-request.ts'

const tokens = z.int().nonnegative().max(1_000_000_000)

/** Normalized token counts. `input` includes `cachedInput`; `output` includes reasoning. */
export const tokenUsage = z.object({
  kind: z.literal('tokens'),
  input: tokens,
  cachedInput: tokens,
  output: tokens,
})
export type TokenUsage = z.output<typeof tokenUsage>

/** The properties of one stored picture that its price depends on. */
export const pictureUsage = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  quality: imageQuality,
})
export type PictureUsage = z.output<typeof pictureUsage>

export const imageUsage = z.object({
  kind: z.literal('images'),
  pictures: z.array(pictureUsage).max(10),
})
export type ImageUsage = z.output<typeof imageUsage>

/** The usage of one request. */
export const usage = z.discriminatedUnion('kind', [tokenUsage, imageUsage])
export type Usage = z.output<typeof usage>

/** `upstream`: reported by the upstream. `estimate`: computed by the gateway, as the upstream did not. */
export const usageSource = z.enum(['upstream', 'estimate'])
export type UsageSource = z.output<typeof usageSource>

/** Tokens that an image upstream reports; returned to the caller, but charges are per picture. */
export const imageTokens = z.object({
  inputText: tokens,
  inputImage: tokens,
  output: tokens,
})
export type ImageTokens = z.output<typeof imageTokens>
