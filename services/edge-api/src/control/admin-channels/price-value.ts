import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { PriceRow } from '@sluice/contracts/prices'

type Price = PriceRow['price']
type PriceValueDto = Decoded<'addModelPrice'>['body']['price']

/** A price in this API's format. */
export function toPriceValueDto(price: Price): PriceValueDto {
  if (price.kind === 'tokens')
    return {
      kind: 'tokens',
      input_micro_per_million: price.inputMicroPerMillion,
      cached_input_micro_per_million: price.cachedInputMicroPerMillion,
      output_micro_per_million: price.outputMicroPerMillion,
    }
  const steps = price.steps.map(({ quality, pixelsMax, microPerImage }) => ({
    quality,
    pixels_max: pixelsMax,
    micro_per_image: microPerImage,
  }))
  return { kind: 'images', steps }
}

/** The inverse: converts an operator's price to the price book's format. */
export function readPriceValue(value: PriceValueDto): Price {
  if (value.kind === 'tokens')
    return {
      kind: 'tokens',
      inputMicroPerMillion: value.input_micro_per_million,
      cachedInputMicroPerMillion: value.cached_input_micro_per_million,
      outputMicroPerMillion: value.output_micro_per_million,
    }
  const steps = value.steps.map((step) => ({
    quality: step.quality,
    pixelsMax: step.pixels_max,
    microPerImage: step.micro_per_image,
  }))
  return { kind: 'images', steps }
}
