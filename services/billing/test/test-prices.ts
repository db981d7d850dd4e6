import type { PriceRow } from '@sluice/contracts/prices'

const hex = (digit: number) => digit.toString(16).padStart(32, '0')

/** A part of the price book of a new installation, as the migration writes it. */
export const samplePrices: PriceRow[] = [
  {
    id: `price_${hex(1)}`,
    model: '*',
    effectiveAt: new Date('2026-01-01T00:00:00.000Z'),
    price: {
      kind: 'images',
      steps: [
        { quality: 'low', pixelsMax: 1_048_576, microPerImage: 1_000_000n },
        { quality: 'medium', pixelsMax: 1_048_576, microPerImage: 4_000_000n },
        { quality: 'high', pixelsMax: 1_048_576, microPerImage: 16_000_000n },
      ],
    },
  },
  {
    id: `price_${hex(2)}`,
    model: '*',
    effectiveAt: new Date('2026-01-01T00:00:00.000Z'),
    price: {
      kind: 'tokens',
      inputMicroPerMillion: 125_000_000n,
      cachedInputMicroPerMillion: 12_500_000n,
      outputMicroPerMillion: 1_000_000_000n,
    },
  },
]
