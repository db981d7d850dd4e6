import { AppError } from '@sluice/kernel/app-error'

import { invalid } from './field-reader.ts'
import type { ModelAbilities } from './model-abilities.ts'

const STEP_PIXELS = 16
const EDGE_PIXELS_MAX = 3_840
const AREA_PIXELS_MAX = 3_840 * 2_160
const RATIO_MAX = 3

const STANDARD = ['1024x1024', '1536x1024', '1024x1536']
// Further sizes offered for models that support any size.
const WIDER = ['2048x2048', '2048x1152', '1152x2048', '3840x2160', '2160x3840']

// Old clients still request DALL·E's sizes. Models with three sizes use the nearest standard one, which is
// reported in the response's `size`.
const LEGACY: Readonly<Record<string, string>> = {
  '256x256': '1024x1024',
  '512x512': '1024x1024',
  '1792x1024': '1536x1024',
  '1024x1792': '1024x1536',
}

/** Sizes to offer in the panel; a model with `sizes: 'any'` supports others too. */
export function offeredSizes({ sizes }: ModelAbilities): string[] {
  return sizes === 'three' ? [...STANDARD] : [...STANDARD, ...WIDER]
}

/** `auto`, or a supported size. Refuses others by the published rules. */
export function readSize(text: string | undefined, { sizes }: ModelAbilities): string {
  if (text === undefined || text === 'auto') return 'auto'
  const match = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/.exec(text)
  if (!match) throw invalid('size', "must be 'auto' or WIDTHxHEIGHT in pixels, such as 1024x1024")
  if (sizes === 'three') return readStandardSize(text)
  const [width, height] = [Number(match[1]), Number(match[2])]
  if (width % STEP_PIXELS !== 0 || height % STEP_PIXELS !== 0)
    throw invalid('size', `must have a width and a height divisible by ${STEP_PIXELS}`)
  if (Math.max(width, height) > RATIO_MAX * Math.min(width, height))
    throw invalid('size', `must have a ratio between 1:${RATIO_MAX} and ${RATIO_MAX}:1`)
  if (Math.max(width, height) > EDGE_PIXELS_MAX || width * height > AREA_PIXELS_MAX)
    throw invalid('size', 'must be at most 3840x2160 pixels')
  return text
}

function readStandardSize(text: string): string {
  if (STANDARD.includes(text)) return text
  const nearest = Object.hasOwn(LEGACY, text) ? LEGACY[text] : undefined
  if (nearest !== undefined) return nearest
  throw new AppError(
    'unsupported_parameter',
    `This model supports ${STANDARD.join(', ')} or 'auto', not 'size' ${text}.`,
    { param: 'size' },
  )
}
