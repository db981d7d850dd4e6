import type { ImageQuality } from '@sluice/contracts/image-request'
import { imageQualities } from '@sluice/contracts/image-request'
import type { ImagePrice, ImagePriceStep, PriceRow, TokenPrice } from '@sluice/contracts/prices'
import type { PictureUsage, TokenUsage, Usage } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'
import type { MicroCredits } from '@sluice/kernel/credits'
import { divideUp, sum } from '@sluice/kernel/credits'

/** Token prices are per this many tokens. */
export const TOKENS_PER_PRICE = 1_000_000n

/** Usage × price in micro-credits, rounded up once. The only code that computes credits. */
export function rateUsage(usage: Usage, price: PriceRow['price']): MicroCredits {
  if (usage.kind === 'tokens') {
    assert(price.kind === 'tokens', 'tokens are rated by a price of tokens')
    return rateTokens(usage, price)
  }
  assert(price.kind === 'images', 'pictures are rated by a price of pictures')
  return sum(usage.pictures.map((picture) => ratePicture(picture, price)))
}

function rateTokens(usage: TokenUsage, price: TokenPrice): MicroCredits {
  const { plain, cached } = splitInput(usage)
  const microTimesMillion =
    BigInt(plain) * price.inputMicroPerMillion +
    BigInt(cached) * price.cachedInputMicroPerMillion +
    BigInt(usage.output) * price.outputMicroPerMillion
  return divideUp(microTimesMillion, TOKENS_PER_PRICE)
}

/** Input tokens by price. Where an upstream reports more cached tokens than tokens, all count as cached. */
export function splitInput({ input, cachedInput }: TokenUsage) {
  const cached = Math.min(cachedInput, input)
  return { plain: input - cached, cached }
}

/**
 * The price of the smallest step of the quality that the picture fits in. A picture above the largest step
 * costs that step times its size divided by the step's size, rounded up.
 */
export function ratePicture(picture: PictureUsage, price: ImagePrice): MicroCredits {
  const pixels = picture.width * picture.height
  const steps = stepsFor(picture.quality, price)
  const fitting = steps.find((step) => pixels <= step.pixelsMax)
  if (fitting) return fitting.microPerImage
  const largest = steps.at(-1)
  assert(largest, 'a price of pictures has at least one step')
  return largest.microPerImage * divideUp(BigInt(pixels), BigInt(largest.pixelsMax))
}

/**
 * The steps that price a quality, smallest first: its own; else those of the next better priced quality; for
 * a quality above all priced ones, those of the best.
 */
export function stepsFor(quality: ImageQuality, price: ImagePrice): ImagePriceStep[] {
  const rank = imageQualities.indexOf(quality)
  const priced = imageQualities.filter((known) =>
    price.steps.some((step) => step.quality === known),
  )
  const chosen =
    priced.find((known) => imageQualities.indexOf(known) >= rank) ?? priced[priced.length - 1]
  return price.steps
    .filter((step) => step.quality === chosen)
    .sort((a, b) => a.pixelsMax - b.pixelsMax)
}
