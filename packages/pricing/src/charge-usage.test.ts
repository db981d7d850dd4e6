import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import { describe, expect, it } from 'vitest'

import { chargeUsage } from './charge-usage.ts'

const price = sampleTokenPrice({
  inputMicroPerMillion: 1_000_000n,
  outputMicroPerMillion: 1_000_000n,
})
const usage = { kind: 'tokens', input: 100, cachedInput: 0, output: 50 } as const

describe('the charge of a call', () => {
  it('is the rated usage while that is within the reservation', () => {
    const charge = chargeUsage({ usage, price, reservedMicro: 150n, endState: 'finished' })
    expect(charge).toEqual({ amountMicro: 150n, upstreamLossMicro: 0n })
  })

  it('is never more than the reservation: the platform pays the difference', () => {
    const charge = chargeUsage({ usage, price, reservedMicro: 120n, endState: 'cut-by-caller' })
    expect(charge).toEqual({ amountMicro: 120n, upstreamLossMicro: 30n })
  })

  it('is zero for a failure, whatever the upstream consumed', () => {
    const charge = chargeUsage({ usage, price, reservedMicro: 150n, endState: 'failed' })
    expect(charge).toEqual({ amountMicro: 0n, upstreamLossMicro: 150n })
  })
})
