import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { sampleUsageRecord } from '@sluice/contracts/testing/sample-usage-record'
import { chargeUsage } from '@sluice/pricing/charge-usage'

import { id } from './ids.ts'
import { installedTokenPrice as price } from './test-prices.ts'

/** The usage record of a call with `output` tokens, with the right amount. */
export function usageOf({
  number,
  allowanceId,
  wallet = id('wal', 1),
  output,
  reservedMicro = 1_000_000_000n,
  endState = 'finished',
}: {
  number: number
  allowanceId: string
  wallet?: string
  output: number
  reservedMicro?: bigint
  endState?: UsageRecord['endState']
}): UsageRecord {
  const usage = { kind: 'tokens', input: 0, cachedInput: 0, output } as const
  return sampleUsageRecord({
    requestId: id('req', number),
    allowanceId,
    wallet,
    priceId: id('price', 2),
    usage,
    reservedMicro,
    ...chargeUsage({ usage, price, reservedMicro, endState }),
    endState,
    endedAt: new Date('2026-06-01T12:00:00.000Z'),
  })
}
