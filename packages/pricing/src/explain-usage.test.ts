import { imageQualities } from '@sluice/contracts/image-request'
import type { ImagePrice, TokenPrice } from '@sluice/contracts/prices'
import { sampleImagePrice, sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import type { Usage } from '@sluice/contracts/usage'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { explainUsage } from './explain-usage.ts'
import { rateUsage } from './rate-usage.ts'

const anyMicro = fc.bigInt({ min: 0n, max: 100_000_000_000n })
const anyCount = fc.nat(1_000_000_000)
const anyTokenCase = fc.record({
  price: fc.record<TokenPrice>({
    kind: fc.constant('tokens'),
    inputMicroPerMillion: anyMicro,
    cachedInputMicroPerMillion: anyMicro,
    outputMicroPerMillion: anyMicro,
  }),
  // An upstream can report more cached tokens than tokens.
  usage: fc.record<Usage & { kind: 'tokens' }>({
    kind: fc.constant('tokens'),
    input: anyCount,
    cachedInput: anyCount,
    output: anyCount,
  }),
})
const anyQuality = fc.constantFrom(...imageQualities)
const anySide = fc.integer({ min: 1, max: 9_999 })
const anyImageCase = fc.record({
  price: fc.record<ImagePrice>({
    kind: fc.constant('images'),
    steps: fc.array(
      fc.record({
        quality: anyQuality,
        pixelsMax: fc.integer({ min: 1, max: 20_000_000 }),
        microPerImage: anyMicro,
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
  usage: fc.record<Usage & { kind: 'images' }>({
    kind: fc.constant('images'),
    pictures: fc.array(fc.record({ width: anySide, height: anySide, quality: anyQuality }), {
      maxLength: 10,
    }),
  }),
})

describe('the explanation of a charge', () => {
  it('adds up exactly to the charge, in millionths of a micro-credit, for any usage and price', () => {
    fc.assert(
      fc.property(fc.oneof(anyTokenCase, anyImageCase), ({ usage, price }) => {
        const lines = explainUsage(usage, price)
        const total = lines.reduce((sum, line) => sum + line.exactMicroMillionths, 0n)
        expect(total).toBe(rateUsage(usage, price) * 1_000_000n)
      }),
    )
  })

  it('rounds up at most once, by less than a micro-credit, and never for pictures', () => {
    fc.assert(
      fc.property(fc.oneof(anyTokenCase, anyImageCase), ({ usage, price }) => {
        const roundings = explainUsage(usage, price).filter(({ unit }) => unit === 'rounding')
        expect(roundings.length).toBeLessThanOrEqual(usage.kind === 'tokens' ? 1 : 0)
        for (const { exactMicroMillionths } of roundings) {
          expect(exactMicroMillionths > 0n && exactMicroMillionths < 1_000_000n).toBe(true)
        }
      }),
    )
  })

  it('has on every line the quantity times the unit price', () => {
    fc.assert(
      fc.property(fc.oneof(anyTokenCase, anyImageCase), ({ usage, price }) => {
        for (const line of explainUsage(usage, price)) {
          if (line.unitPriceMicro === null) continue
          const perUnit = line.unitPriceMicro * (line.unit === 'picture' ? 1_000_000n : 1n)
          expect(line.exactMicroMillionths).toBe(BigInt(line.quantity) * perUnit)
        }
      }),
    )
  })

  it('has separate lines for uncached and cached input tokens, and none for a quantity of zero', () => {
    const price = sampleTokenPrice({
      inputMicroPerMillion: 125_000_000n,
      cachedInputMicroPerMillion: 12_500_000n,
    })
    const usage = { kind: 'tokens', input: 10, cachedInput: 3, output: 0 } as const
    const lines = explainUsage(usage, price)
    expect(lines.map(({ unit, quantity }) => [unit, quantity])).toEqual([
      ['input-tokens', 7],
      ['cached-input-tokens', 3],
      ['rounding', 1],
    ])
    expect(lines.at(-1)?.exactMicroMillionths).toBe(500_000n)
  })

  it('has one line for pictures of equal size and quality', () => {
    const price = sampleImagePrice({ quality: 'high', pixelsMax: 1_000_000, microPerImage: 5n })
    const small = { width: 1_000, height: 1_000, quality: 'high' } as const
    const large = { ...small, height: 1_001 }
    const lines = explainUsage({ kind: 'images', pictures: [small, large, small] }, price)
    expect(lines).toMatchObject([
      { quantity: 2, unitPriceMicro: 5n, picture: small },
      { quantity: 1, unitPriceMicro: 10n, picture: large },
    ])
  })
})
