import type { ImagePrice, ImagePriceStep, PriceRow, TokenPrice } from '../prices.ts'

/** A price of one micro-credit per million tokens of each kind. */
export const sampleTokenPrice = (overrides: Partial<TokenPrice> = {}): TokenPrice => ({
  kind: 'tokens',
  inputMicroPerMillion: 1n,
  cachedInputMicroPerMillion: 1n,
  outputMicroPerMillion: 1n,
  ...overrides,
})

/** A price of one step: one micro-credit for a picture in low quality of at most one megapixel. */
export const sampleImagePrice = (step: Partial<ImagePriceStep> = {}): ImagePrice => ({
  kind: 'images',
  steps: [{ quality: 'low', pixelsMax: 1_048_576, microPerImage: 1n, ...step }],
})

/** A token price of every model, in effect since 1970. */
export const samplePrice = (overrides: Partial<PriceRow> = {}): PriceRow => ({
  id: `price_${'1'.padStart(32, '0')}`,
  model: '*',
  effectiveAt: new Date(0),
  price: sampleTokenPrice(),
  ...overrides,
})
