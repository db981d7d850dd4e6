import type { ImageTokens } from '@sluice/contracts/usage'
import { imageTokens } from '@sluice/contracts/usage'

import { z } from 'zod'

const usage = z.looseObject({
  input_tokens: z.number(),
  output_tokens: z.number(),
  input_tokens_details: z
    .looseObject({ text_tokens: z.number(), image_tokens: z.number() })
    .nullish()
    .catch(undefined),
})

/** The usage of an image response; null when it is missing, not a number, or out of range. Pure. */
export function imageTokensOf(value: unknown): ImageTokens | null {
  const parsed = usage.safeParse(value)
  if (!parsed.success) return null
  const { input_tokens: input, output_tokens: output, input_tokens_details: details } = parsed.data
  const tokens = imageTokens.safeParse({
    inputText: details?.text_tokens ?? input,
    inputImage: details?.image_tokens ?? 0,
    output,
  })
  return tokens.success ? tokens.data : null
}
