import type { ChargeAccount } from '@sluice/contracts/charges'
import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { PictureUsage } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'
import { formatCredits, sum } from '@sluice/kernel/credits'
import type { UsageLine } from '@sluice/pricing/explain-usage'
import { explainUsage } from '@sluice/pricing/explain-usage'

export type ChargeLine = Decoded<'getCharge'>['answer']['lines'][number]

type Explained = Pick<ChargeAccount, 'usage' | 'price' | 'lossMicro' | 'chargedMicro'>

/** The lines that add up exactly to the charged amount; empty if nothing was delivered. */
export function explainCharge({ usage, price, lossMicro, chargedMicro }: Explained): ChargeLine[] {
  if (!usage || !price) return []
  const lines = explainUsage(usage, price.price)
  const exact = sum(lines.map(({ exactMicroMillionths }) => exactMicroMillionths))
  assert(
    exact === (chargedMicro + lossMicro) * MICRO_MILLIONTHS,
    'the charge matches the frozen price',
  )
  return [...lines.map(toLine), ...platformPaid(lossMicro)]
}

const MICRO_MILLIONTHS = 1_000_000n

const toLine = (line: UsageLine): ChargeLine => ({
  unit: line.unit,
  quantity: line.quantity,
  unit_price_micro: line.unitPriceMicro,
  detail: line.picture && describePicture(line.picture),
  amount_micro_exact: exactMicro(line.exactMicroMillionths),
})

const platformPaid = (lossMicro: bigint): ChargeLine[] =>
  lossMicro === 0n
    ? []
    : [
        {
          unit: 'platform-paid',
          quantity: 1,
          unit_price_micro: null,
          detail: null,
          amount_micro_exact: exactMicro(-lossMicro * MICRO_MILLIONTHS),
        },
      ]

const describePicture = ({ width, height, quality }: PictureUsage) =>
  `${width}x${height} · ${quality}`

// A millionth of a micro-credit is to it what a micro-credit is to a credit: six decimals.
const exactMicro = (millionths: bigint) => formatCredits(millionths)
