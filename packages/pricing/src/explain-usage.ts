import type { PriceRow, TokenPrice } from '@sluice/contracts/prices'
import type { ImageUsage, PictureUsage, TokenUsage, Usage } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'
import type { MicroCredits } from '@sluice/kernel/credits'
import { sum } from '@sluice/kernel/credits'

import { ratePicture, rateUsage, splitInput, TOKENS_PER_PRICE } from './rate-usage.ts'

/** One line of a charge: a quantity at a unit price. */
export interface UsageLine {
  unit: 'picture' | 'input-tokens' | 'cached-input-tokens' | 'output-tokens' | 'rounding'
  quantity: number
  /** Price of one picture, or of a million tokens; null for the rounding. */
  unitPriceMicro: MicroCredits | null
  /** Size and quality on a line of pictures; else null. */
  picture: PictureUsage | null
  /** In millionths of a micro-credit, so that no line is rounded. */
  exactMicroMillionths: bigint
}

/** The result of `rateUsage` line by line: the lines, at most one of them for rounding, add up exactly. */
export function explainUsage(usage: Usage, price: PriceRow['price']): UsageLine[] {
  if (usage.kind === 'tokens') {
    assert(price.kind === 'tokens', 'tokens are rated by a price of tokens')
    return withRounding(tokenLines(usage, price), rateUsage(usage, price))
  }
  return withRounding(pictureLines(usage, price), rateUsage(usage, price))
}

function tokenLines(usage: TokenUsage, price: TokenPrice): UsageLine[] {
  const { plain, cached } = splitInput(usage)
  return [
    tokenLine('input-tokens', plain, price.inputMicroPerMillion),
    tokenLine('cached-input-tokens', cached, price.cachedInputMicroPerMillion),
    tokenLine('output-tokens', usage.output, price.outputMicroPerMillion),
  ].filter(({ quantity }) => quantity > 0)
}

const tokenLine = (
  unit: UsageLine['unit'],
  quantity: number,
  unitPriceMicro: MicroCredits,
): UsageLine => ({
  unit,
  quantity,
  unitPriceMicro,
  picture: null,
  exactMicroMillionths: BigInt(quantity) * unitPriceMicro,
})

/** One line for pictures of equal size and quality. */
function pictureLines({ pictures }: ImageUsage, price: PriceRow['price']): UsageLine[] {
  assert(price.kind === 'images', 'pictures are rated by a price of pictures')
  const alike = Map.groupBy(
    pictures,
    ({ width, height, quality }) => `${width} ${height} ${quality}`,
  )
  return [...alike.values()].flatMap(([picture, ...others]) => {
    if (!picture) return []
    const quantity = 1 + others.length
    const unitPriceMicro = ratePicture(picture, price)
    const exactMicroMillionths = BigInt(quantity) * unitPriceMicro * TOKENS_PER_PRICE
    return [{ unit: 'picture' as const, quantity, unitPriceMicro, picture, exactMicroMillionths }]
  })
}

function withRounding(lines: UsageLine[], ratedMicro: MicroCredits): UsageLine[] {
  const exact = sum(lines.map(({ exactMicroMillionths }) => exactMicroMillionths))
  const roundedUp = ratedMicro * TOKENS_PER_PRICE - exact
  if (roundedUp === 0n) return lines
  const rounding: UsageLine = {
    unit: 'rounding',
    quantity: 1,
    unitPriceMicro: null,
    picture: null,
    exactMicroMillionths: roundedUp,
  }
  return [...lines, rounding]
}
