import { z } from 'zod'

import { imageQuality } from '../image-request.ts'
import { needAmount, priceFields } from './amounts.ts'

const credits = priceFields.credits.optional()
const micro = priceFields.micro.optional()

const tokensInput = z
  .strictObject({
    kind: z.literal('tokens'),
    input_per_million: credits,
    input_micro_per_million: micro,
    cached_input_per_million: credits,
    cached_input_micro_per_million: micro,
    output_per_million: credits,
    output_micro_per_million: micro,
  })
  .transform((price, context) => {
    const amountOf = (unit: 'input' | 'cached_input' | 'output') => {
      const amounts = {
        credits: price[`${unit}_per_million`],
        micro: price[`${unit}_micro_per_million`],
      }
      return needAmount(`${unit}_per_million`, amounts, context)
    }
    return {
      kind: price.kind,
      input_micro_per_million: amountOf('input'),
      cached_input_micro_per_million: amountOf('cached_input'),
      output_micro_per_million: amountOf('output'),
    }
  })

const stepInput = z
  .strictObject({
    quality: imageQuality,
    pixels_max: z.int().positive(),
    per_image: credits,
    micro_per_image: micro,
  })
  .transform(({ quality, pixels_max, per_image, micro_per_image }, context) => ({
    quality,
    pixels_max,
    micro_per_image: needAmount(
      'per_image',
      { credits: per_image, micro: micro_per_image },
      context,
    ),
  }))

/** A price in requests: each amount in credits, or in micro-credits under its longer name. */
export const priceInput = z.discriminatedUnion('kind', [
  tokensInput,
  z.strictObject({ kind: z.literal('images'), steps: z.array(stepInput).min(1).max(100) }),
])
