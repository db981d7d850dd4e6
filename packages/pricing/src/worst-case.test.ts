import type { ImageQuality } from '@sluice/contracts/image-request'
import { imageQualities } from '@sluice/contracts/image-request'
import type { ImagePrice, TokenPrice } from '@sluice/contracts/prices'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ratePicture, rateUsage } from './rate-usage.ts'
import {
  AUTO_PIXELS_MAX,
  AUTO_QUALITY_MAX,
  worstCaseImages,
  worstCaseTokens,
} from './worst-case.ts'

const anyMicro = fc.bigInt({ min: 0n, max: 1_000_000_000n })
const anyPrice: fc.Arbitrary<ImagePrice> = fc.record({
  kind: fc.constant('images'),
  steps: fc.array(
    fc.record({
      quality: fc.constantFrom(...imageQualities),
      pixelsMax: fc.integer({ min: 1, max: 4_000_000 }),
      microPerImage: anyMicro,
    }),
    { minLength: 1, maxLength: 10 },
  ),
})
const autoQualities = imageQualities.slice(0, imageQualities.indexOf(AUTO_QUALITY_MAX) + 1)

describe('the worst case of pictures', () => {
  it('is at least the cost of every picture that auto can produce, under any price', () => {
    fc.assert(
      fc.property(
        anyPrice,
        fc.constantFrom<'auto' | ImageQuality>('auto', ...imageQualities),
        fc.constantFrom(...autoQualities),
        fc.integer({ min: 1, max: AUTO_PIXELS_MAX }),
        (price, quality, generatedQuality, pixels) => {
          const worst = worstCaseImages({ count: 1, size: 'auto', quality }, price)
          const generated = {
            width: pixels,
            height: 1,
            quality: quality === 'auto' ? generatedQuality : quality,
          }
          expect(rateUsage(worst, price) >= ratePicture(generated, price)).toBe(true)
        },
      ),
    )
  })

  it('is exactly the price when size and quality are set', () => {
    fc.assert(
      fc.property(
        anyPrice,
        fc.constantFrom(...imageQualities),
        fc.integer({ min: 10, max: 9_999 }),
        fc.integer({ min: 1, max: 10 }),
        (price, quality, width, count) => {
          const worst = worstCaseImages({ count, size: `${width}x1024`, quality }, price)
          const each = ratePicture({ width, height: 1024, quality }, price)
          expect(rateUsage(worst, price)).toBe(each * BigInt(count))
        },
      ),
    )
  })
})

describe('the worst case of tokens', () => {
  it('is at least the cost of any call within its limits, whatever is cached', () => {
    const anyTokenPrice: fc.Arbitrary<TokenPrice> = fc.record({
      kind: fc.constant('tokens'),
      inputMicroPerMillion: anyMicro,
      cachedInputMicroPerMillion: anyMicro,
      outputMicroPerMillion: anyMicro,
    })
    fc.assert(
      fc.property(
        anyTokenPrice,
        fc.nat(100_000),
        fc.nat(100_000),
        fc.nat(100_000),
        (price, input, cached, output) => {
          const worst = worstCaseTokens({ inputMax: input, outputMax: output }, price)
          const cachedInput = Math.min(input, cached)
          const real = rateUsage({ kind: 'tokens', input, cachedInput, output }, price)
          expect(rateUsage(worst, price) >= real).toBe(true)
        },
      ),
    )
  })
})
