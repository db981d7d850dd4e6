import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { TokenPrice } from '@sluice/contracts/prices'
import { chargeUsage } from '@sluice/pricing/charge-usage'

import { id } from './ids.ts'

/** The token price of a new installation: 1000 micro-credits per output token, 125 per input token. */
const price: TokenPrice = {
  kind: 'tokens',
  inputMicroPerMillion: 125_000_000n,
  cachedInputMicroPerMillion: 12_500_000n,
  outputMicroPerMillion: 1_000_000_000n,
}

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
  return {
    requestId: id('req', number),
    allowanceId,
    wallet,
    apiKeyId: id('key', 1),
    model: 'gpt-5',
    priceId: id('price', 2),
    usage,
    source: 'upstream',
    reservedMicro,
    ...chargeUsage({ usage, price, reservedMicro, endState }),
    endState,
    endedAt: new Date('2026-06-01T12:00:00.000Z'),
  }
}
