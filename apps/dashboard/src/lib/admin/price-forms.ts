import { parseCredits } from '@sluice/kernel/credits'
import { z } from 'zod'

import { parseSteps } from './price-form.ts'
import type { Price } from './price-form.ts'

const PRICE_CHARACTERS_MAX = 10_000
const credits = z
  .string()
  .trim()
  .refine((text) => (parseCredits(text) ?? -1n) >= 0n)
  .default('')

/** The form of a price for tokens, in credits per million. Server only. */
export const tokenPriceForm = z.object({ input: credits, cached: credits, output: credits })

/** The form of a price for pictures, one step per line. Server only. */
export const imagePriceForm = z.object({
  steps: z
    .string()
    .max(PRICE_CHARACTERS_MAX)
    .refine((text) => {
      const { steps, wrong } = parseSteps(text)
      return wrong === undefined && steps.length > 0
    })
    .default(''),
})

/** The API body of the form. */
export function tokenPrice(form: z.output<typeof tokenPriceForm>): Price {
  const micro = (text: string) => (parseCredits(text) ?? 0n).toString()
  return {
    kind: 'tokens',
    input_micro_per_million: micro(form.input),
    cached_input_micro_per_million: micro(form.cached),
    output_micro_per_million: micro(form.output),
  }
}

/** The API body of the form. */
export function imagePrice(form: z.output<typeof imagePriceForm>): Price {
  return { kind: 'images', steps: parseSteps(form.steps).steps }
}
