import type { ImageFacts, ImageQuality } from '@sluice/contracts/image-request'
import type { ImageTokens } from '@sluice/contracts/usage'

/** Output tokens of a 1024 × 1024 image, as published for the GPT image models. */
const outputPerSquare: Record<ImageQuality, number> = {
  low: 272,
  medium: 1_056,
  high: 4_160,
  xhigh: 6_240,
  max: 8_320,
}

const PIXELS_PER_SQUARE = 1_024 * 1_024
const INPUT_TOKENS_PER_PICTURE = 194

/** Token counts like those of the GPT image models: text is counted, images are computed from a table. */
export function sandboxImageTokens({
  promptTokens,
  pictures,
  facts: { width, height, quality },
}: {
  promptTokens: number
  pictures: number
  facts: ImageFacts
}): ImageTokens {
  const squares = (width * height) / PIXELS_PER_SQUARE
  return {
    inputText: promptTokens,
    inputImage: pictures * INPUT_TOKENS_PER_PICTURE,
    output: Math.ceil(outputPerSquare[quality] * squares),
  }
}
