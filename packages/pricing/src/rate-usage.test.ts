import { imageQualities } from '@sluice/contracts/image-request'
import type { ImagePrice, TokenPrice } from '@sluice/contracts/prices'
import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import type { PictureUsage, TokenUsage } from '@sluice/contracts/usage'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ratePicture, rateUsage } from './rate-usage.ts'

const anyMicro = fc.bigInt({ min: 0n, max: 100_000_000_000n })
const anyTokenPrice: fc.Arbitrary<TokenPrice> = fc.record({
  kind: fc.constant('tokens'),
  inputMicroPerMillion: anyMicro,
  cachedInputMicroPerMillion: anyMicro,
  outputMicroPerMillion: anyMicro,
})
const anyTokens: fc.Arbitrary<TokenUsage> = fc
  .record({
    input: fc.nat(1_000_000_000),
    cachedShare: fc.nat(1_000),
    output: fc.nat(1_000_000_000),
  })
  .map(({ input, cachedShare, output }) => ({
    kind: 'tokens',
    input,
    cachedInput: Math.floor((input * cachedShare) / 1_000),
    output,
  }))

/** A price that grows with size and quality. */
const anyImagePrice: fc.Arbitrary<ImagePrice> = fc
  .record({
    qualities: fc.subarray([...imageQualities], { minLength: 1 }),
    pixels: fc.uniqueArray(fc.integer({ min: 1, max: 20_000_000 }), {
      minLength: 1,
      maxLength: 5,
    }),
    increments: fc.array(anyMicro, { minLength: 25, maxLength: 25 }),
  })
  .map(({ qualities, pixels, increments }) => {
    const sizes = [...pixels].sort((a, b) => a - b)
    const rest = [...increments]
    const rows = qualities.map(() => sizes.map(() => rest.pop() ?? 0n))
    // Summing over both axes makes a table that does not decrease along either.
    const steps = qualities.flatMap((quality, row) =>
      sizes.map((pixelsMax, column) => ({
        quality,
        pixelsMax,
        microPerImage: rows
          .slice(0, row + 1)
          .flatMap((cells) => cells.slice(0, column + 1))
          .reduce((a, b) => a + b, 0n),
      })),
    )
    return { kind: 'images', steps }
  })
const anyPicture: fc.Arbitrary<PictureUsage> = fc.record({
  width: fc.integer({ min: 1, max: 99_999 }),
  height: fc.integer({ min: 1, max: 99_999 }),
  quality: fc.constantFrom(...imageQualities),
})

describe('rating tokens', () => {
  it('is at least the exact value, and less than one micro-credit above it', () => {
    fc.assert(
      fc.property(anyTokens, anyTokenPrice, (usage, price) => {
        const exactTimesMillion =
          BigInt(usage.input - usage.cachedInput) * price.inputMicroPerMillion +
          BigInt(usage.cachedInput) * price.cachedInputMicroPerMillion +
          BigInt(usage.output) * price.outputMicroPerMillion
        const excess = rateUsage(usage, price) * 1_000_000n - exactTimesMillion
        expect(excess >= 0n && excess < 1_000_000n).toBe(true)
      }),
    )
  })

  it('never decreases when the upstream reports more tokens', () => {
    fc.assert(
      fc.property(anyTokens, anyTokenPrice, fc.nat(1_000), (usage, price, more) => {
        const rated = rateUsage(usage, price)
        expect(rateUsage({ ...usage, input: usage.input + more }, price) >= rated).toBe(true)
        expect(rateUsage({ ...usage, output: usage.output + more }, price) >= rated).toBe(true)
      }),
    )
  })

  it('charges cached tokens at their own price, and never more of them than input tokens', () => {
    const price = sampleTokenPrice({
      inputMicroPerMillion: 10_000_000n,
      cachedInputMicroPerMillion: 1_000_000n,
      outputMicroPerMillion: 100_000_000n,
    })
    const usage: TokenUsage = { kind: 'tokens', input: 100, cachedInput: 40, output: 3 }
    expect(rateUsage(usage, price)).toBe(60n * 10n + 40n + 300n)
    expect(rateUsage({ ...usage, cachedInput: 1_000 }, price)).toBe(100n + 300n)
  })

  it('is zero for zero tokens', () => {
    fc.assert(
      fc.property(anyTokenPrice, (price) => {
        const nothing: TokenUsage = { kind: 'tokens', input: 0, cachedInput: 0, output: 0 }
        expect(rateUsage(nothing, price)).toBe(0n)
      }),
    )
  })
})

describe('rating pictures', () => {
  const price: ImagePrice = {
    kind: 'images',
    steps: [
      { quality: 'high', pixelsMax: 2_000, microPerImage: 30n },
      { quality: 'high', pixelsMax: 1_000, microPerImage: 20n },
      { quality: 'low', pixelsMax: 1_000, microPerImage: 2n },
    ],
  }
  const micro = (width: number, quality: PictureUsage['quality']) =>
    ratePicture({ width, height: 1, quality }, price)

  it('uses the smallest step that the picture fits in', () => {
    expect(micro(1, 'high')).toBe(20n)
    expect(micro(1_000, 'high')).toBe(20n)
    expect(micro(1_001, 'high')).toBe(30n)
  })

  it('charges a picture above the largest step that step for each started multiple of its size', () => {
    expect(micro(2_000, 'high')).toBe(30n)
    expect(micro(2_001, 'high')).toBe(60n)
    expect(micro(4_001, 'high')).toBe(90n)
    expect(micro(2_500, 'low')).toBe(6n)
  })

  it('charges an unpriced quality as the next better one that has a price, else as the best one', () => {
    expect(micro(1, 'medium')).toBe(20n)
    expect(micro(1, 'max')).toBe(20n)
  })

  it('is never negative and never decreases with more pixels, a better quality or more pictures', () => {
    fc.assert(
      fc.property(anyImagePrice, anyPicture, anyPicture, (price, picture, other) => {
        const rated = ratePicture(picture, price)
        expect(rated >= 0n).toBe(true)
        const larger = { ...picture, width: picture.width + other.width }
        expect(ratePicture(larger, price) >= rated).toBe(true)
        const better = imageQualities[imageQualities.indexOf(picture.quality) + 1] ?? 'max'
        expect(ratePicture({ ...picture, quality: better }, price) >= rated).toBe(true)
        const both = rateUsage({ kind: 'images', pictures: [picture, other] }, price)
        expect(both).toBe(rated + ratePicture(other, price))
      }),
    )
  })
})

describe('a usage and a price of different kinds', () => {
  it('is an assertion error, never a charge', () => {
    expect(() => rateUsage({ kind: 'images', pictures: [] }, sampleTokenPrice())).toThrow(
      'rated by a price',
    )
  })
})
