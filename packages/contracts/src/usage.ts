import { z } from 'zod'

import { imageQuality } from './image-request.ts'

const tokens = z.int().nonnegative().max(1_000_000_000)

/** Tokens in one normal form. `input` includes `cachedInput`; `output` includes reasoning. */
export const tokenUsage = z.object({
  kind: z.literal('tokens'),
  input: tokens,
  cachedInput: tokens,
  output: tokens,
})
export type TokenUsage = z.output<typeof tokenUsage>

/** One kept picture, as far as its price depends on it. */
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

/** What an answer consumed. */
export const usage = z.discriminatedUnion('kind', [tokenUsage, imageUsage])
export type Usage = z.output<typeof usage>

/** Who says so: the upstream, or our estimate because the upstream did not. */
export const usageSource = z.enum(['upstream', 'estimate'])
export type UsageSource = z.output<typeof usageSource>

/** Tokens as an image upstream reports them, shown to the caller; pictures are what we charge. */
export const imageTokens = z.object({
  inputText: tokens,
  inputImage: tokens,
  output: tokens,
})
export type ImageTokens = z.output<typeof imageTokens>
