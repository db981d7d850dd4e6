import type { ImagePrice } from '@sluice/contracts/prices'
import { samplePrice, sampleTokenPrice } from '@sluice/contracts/testing/sample-price'

import { id } from './ids.ts'

const effectiveAt = new Date('2026-01-01T00:00:00.000Z')

/** The token price of a new installation: 1000 micro-credits per output token, 125 per input token. */
export const installedTokenPrice = sampleTokenPrice({
  inputMicroPerMillion: 125_000_000n,
  cachedInputMicroPerMillion: 12_500_000n,
  outputMicroPerMillion: 1_000_000_000n,
})

const installedImagePrice: ImagePrice = {
  kind: 'images',
  steps: [
    { quality: 'low', pixelsMax: 1_048_576, microPerImage: 1_000_000n },
    { quality: 'medium', pixelsMax: 1_048_576, microPerImage: 4_000_000n },
    { quality: 'high', pixelsMax: 1_048_576, microPerImage: 16_000_000n },
  ],
}

/** A part of the price book of a new installation, as the migration writes it. */
export const installedPrices = [
  samplePrice({ id: id('price', 1), effectiveAt, price: installedImagePrice }),
  samplePrice({ id: id('price', 2), effectiveAt, price: installedTokenPrice }),
]
