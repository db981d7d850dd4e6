import type { ImageModel } from '@sluice/contracts/control/images'

import { firstModel } from '#lib/pictures/first-model.ts'

type Formats = ImageModel['formats'][number]
type Qualities = ImageModel['qualities'][number]
type Backgrounds = ImageModel['backgrounds'][number]

/** The settings of a request, without prompt and reference pictures. */
export interface Settings {
  model: string
  size: string
  count: number
  quality: Qualities | 'auto'
  format: Formats
  background: Backgrounds | 'auto'
  /** 0..100, for jpeg and webp; 100 is the least compression. */
  compression: number
}

const COMPRESSION_DEFAULT = 100

/** The default settings of a model. */
export const firstSettings = (model: string): Settings => ({
  model,
  size: 'auto',
  count: 1,
  quality: 'auto',
  format: 'png',
  background: 'auto',
  compression: COMPRESSION_DEFAULT,
})

/** Unvalidated settings from the browser's storage or another task. */
export type SettingsInput = { readonly [Key in keyof Settings]?: unknown }

export interface FitInput {
  input: SettingsInput
  models: readonly ImageModel[]
  /** Sizes that the studio offers for a model; `auto` is always among them. */
  sizesOf: (model: ImageModel) => readonly string[]
}

/** Adjusts settings to the models: unsupported values become the default. Undefined without models. */
export function fitSettings({ input, models, sizesOf }: FitInput): Settings | undefined {
  const model = models.find((one) => one.model === input.model) ?? firstModel(models)
  if (!model) return undefined
  const first = firstSettings(model.model)
  const format = oneOf(model.formats, input.format) ?? model.formats[0] ?? first.format
  const background = oneOf(model.backgrounds, input.background) ?? first.background
  return {
    model: model.model,
    size: oneOf(sizesOf(model), input.size) ?? first.size,
    count: Math.min(model.count_max, integer(input.count, { min: 1, max: 10 }) ?? first.count),
    quality: oneOf(model.qualities, input.quality) ?? first.quality,
    format,
    background: background === 'transparent' && format === 'jpeg' ? 'auto' : background,
    compression: integer(input.compression, { min: 0, max: 100 }) ?? first.compression,
  }
}

/** Parses the stored settings; empty if they are invalid. */
export function readSettingsInput(text: string | null): SettingsInput {
  try {
    const stored: unknown = JSON.parse(text ?? '{}')
    return typeof stored === 'object' && stored !== null ? stored : {}
  } catch {
    return {}
  }
}

function oneOf<Value>(supported: readonly Value[], requested: unknown): Value | undefined {
  return supported.find((value) => value === requested)
}

function integer(value: unknown, { min, max }: { min: number; max: number }): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  return value >= min && value <= max ? value : undefined
}
