import type { ImageQuality, ImageRequest } from '@sluice/contracts/image-request'
import { imageQualities } from '@sluice/contracts/image-request'
import type { ImagePrice, TokenPrice } from '@sluice/contracts/prices'
import type { ImageUsage, PictureUsage, TokenUsage } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'

import { ratePicture } from './rate-usage.ts'

/**
 * The limits of `auto`: OpenAI's largest documented size is 1536x1024 and `high` is the best quality that
 * every model supports. If an upstream generates more than that, the platform pays the difference.
 */
export const AUTO_PIXELS_MAX = 1536 * 1024
export const AUTO_QUALITY_MAX = 'high' satisfies ImageQuality

/** The usage with the maximum cost of the request; a hold is opened for it. */
export function worstCaseImages(
  request: Pick<ImageRequest, 'count' | 'size' | 'quality'>,
  price: ImagePrice,
): ImageUsage {
  const mostExpensive = mostExpensivePicture(request, price)
  return { kind: 'images', pictures: Array.from({ length: request.count }, () => mostExpensive) }
}

/** The usage with the maximum cost of a call with at most these token counts. */
export function worstCaseTokens(
  { inputMax, outputMax }: { inputMax: number; outputMax: number },
  price: TokenPrice,
): TokenUsage {
  const cachedIsDearer = price.cachedInputMicroPerMillion > price.inputMicroPerMillion
  const cachedInput = cachedIsDearer ? inputMax : 0
  return { kind: 'tokens', input: inputMax, cachedInput, output: outputMax }
}

/** The most expensive picture that the request can produce; `auto` stands for the most expensive value. */
export function mostExpensivePicture(
  { size, quality }: Pick<ImageRequest, 'size' | 'quality'>,
  price: ImagePrice,
): PictureUsage {
  const candidates = qualitiesOf(quality).flatMap((known) =>
    sizesOf(size, price).map((dimensions) => ({ ...dimensions, quality: known })),
  )
  const mostExpensive = candidates.reduce((a, b) =>
    ratePicture(b, price) > ratePicture(a, price) ? b : a,
  )
  return mostExpensive
}

function qualitiesOf(quality: ImageRequest['quality']): ImageQuality[] {
  if (quality !== 'auto') return [quality]
  return imageQualities.slice(0, imageQualities.indexOf(AUTO_QUALITY_MAX) + 1)
}

// A price may decrease with the size, so every step is a candidate and not only the largest.
function sizesOf(size: string, price: ImagePrice): { width: number; height: number }[] {
  if (size !== 'auto') return [parseSize(size)]
  const steps = price.steps.map((step) => step.pixelsMax).filter((max) => max < AUTO_PIXELS_MAX)
  return [...steps, AUTO_PIXELS_MAX].map((pixels) => ({ width: pixels, height: 1 }))
}

function parseSize(size: string): { width: number; height: number } {
  const [width, height] = size.split('x').map(Number)
  assert(width && height, 'size has the form WxH; edge-api validates it')
  return { width, height }
}
