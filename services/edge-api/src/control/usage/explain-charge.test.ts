import type { PriceRow } from '@sluice/contracts/prices'
import {
  sampleImagePrice,
  samplePrice,
  sampleTokenPrice,
} from '@sluice/contracts/testing/sample-price'
import type { TokenUsage } from '@sluice/contracts/usage'
import { parseCredits } from '@sluice/kernel/credits'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { explainCharge } from './explain-charge.ts'

const row = (price: PriceRow['price']) => samplePrice({ price })
const anyMicro = fc.bigInt({ min: 0n, max: 10_000_000_000n })
const anyPrice = fc.record<PriceRow['price'] & { kind: 'tokens' }>({
  kind: fc.constant('tokens'),
  inputMicroPerMillion: anyMicro,
  cachedInputMicroPerMillion: anyMicro,
  outputMicroPerMillion: anyMicro,
})
const anyUsage = fc.record<TokenUsage>({
  kind: fc.constant('tokens'),
  input: fc.nat(1_000_000),
  cachedInput: fc.nat(1_000_000),
  output: fc.nat(1_000_000),
})

/** Credits and the lines' amounts both have six decimals, so the lines can be parsed as credits. */
const exactSum = (lines: readonly { amount_micro_exact: string }[]) =>
  lines.reduce((sum, line) => sum + (parseCredits(line.amount_micro_exact) ?? 0n), 0n)

describe('the lines of a charge', () => {
  it('add up exactly to the charged amount, for any usage, reservation and loss', () => {
    const anyEnd = fc.constantFrom('finished' as const, 'failed' as const)
    fc.assert(
      fc.property(anyUsage, anyPrice, anyMicro, anyEnd, (usage, price, reservedMicro, endState) => {
        const charge = chargeUsage({ usage, price, reservedMicro, endState })
        const { amountMicro: chargedMicro, upstreamLossMicro: lossMicro } = charge
        const lines = explainCharge({ usage, price: row(price), chargedMicro, lossMicro })
        for (const line of lines) expect(line.amount_micro_exact).toMatch(/^-?\d+(\.\d{1,6})?$/)
        expect(exactSum(lines)).toBe(chargedMicro * 1_000_000n)
      }),
    )
  })

  it('describe pictures, and the platform-paid amount above the agreed maximum', () => {
    const price = sampleImagePrice({
      quality: 'high',
      pixelsMax: 2_000_000,
      microPerImage: 16_000_000n,
    })
    const picture = { width: 1024, height: 1536, quality: 'high' as const }
    const usage = { kind: 'images' as const, pictures: [picture, picture] }
    const lines = explainCharge({
      usage,
      price: row(price),
      chargedMicro: 30_000_000n,
      lossMicro: 2_000_000n,
    })
    expect(lines).toEqual([
      {
        unit: 'picture',
        quantity: 2,
        unit_price_micro: 16_000_000n,
        detail: '1024x1536 · high',
        amount_micro_exact: '32000000',
      },
      {
        unit: 'platform-paid',
        quantity: 1,
        unit_price_micro: null,
        detail: null,
        amount_micro_exact: '-2000000',
      },
    ])
  })

  it('are empty if nothing was delivered', () => {
    const free = { price: null, usage: null, chargedMicro: 0n, lossMicro: 0n }
    expect(explainCharge(free)).toEqual([])
  })

  it('throw if they do not add up', () => {
    const usage = { kind: 'tokens' as const, input: 1, cachedInput: 0, output: 0 }
    const price = row(sampleTokenPrice({ inputMicroPerMillion: 1_000_000n }))
    const wrong = () => explainCharge({ usage, price, chargedMicro: 2n, lossMicro: 0n })
    expect(wrong).toThrow('the charge matches the frozen price')
  })
})
