import type { ImageModel } from '@sluice/contracts/control/images'

import { parseSize } from '#lib/pictures/picture-shape.ts'
import type { Shape } from '#lib/pictures/picture-shape.ts'

/** A ratio of a model with its sizes, the smallest first. */
export interface Ratio {
  /** `3:2`. */
  name: string
  sizes: readonly string[]
}

// Common names. Other ratios are shown as their reduced fraction.
const usual = ['1:1', '5:4', '4:3', '3:2', '16:10', '16:9', '2:1', '21:9', '3:1'] as const
/** Sizes such as 1360x1024 get the name of a common ratio within this tolerance. */
const MISS_MAX = 0.015

// For models with free sizes that list no size of a ratio: edges are multiples of 16
//, and the picture has about as many pixels as a square of 1024.
const commonSizes = '1024x1024 1536x1024 1024x1536 1344x1008 1008x1344 1536x864 864x1536'.split(' ')

/** The ratios of a model: square first, then wide ones, then tall ones, each from mild to extreme. */
export function ratiosOf(model: Pick<ImageModel, 'sizes' | 'any_size'>): Ratio[] {
  const byName = new Map<string, [string, Shape][]>()
  const offer = (size: string, isExtra: boolean) => {
    const shape = parseSize(size)
    if (!shape) return
    const name = ratioNameOf(shape)
    const known = byName.get(name) ?? []
    if (isExtra ? known.length > 0 : known.some(([one]) => one === size)) return
    byName.set(name, [...known, [size, shape]])
  }
  for (const size of model.sizes) offer(size, false)
  if (model.any_size) for (const size of commonSizes) offer(size, true)
  return [...byName]
    .map(([name, sizes]) => ({ name, sizes: sizes.sort(smallestFirst) }))
    .sort((one, other) => orderOf(one.sizes[0]?.[1]) - orderOf(other.sizes[0]?.[1]))
    .map(({ name, sizes }) => ({ name, sizes: sizes.map(([size]) => size) }))
}

/** `16:9` of 1920x1080; the common name if the ratio is close to one. */
export function ratioNameOf({ width, height }: Shape): string {
  const wide = Math.max(width, height) / Math.min(width, height)
  const near = usual.find((name) => Math.abs(valueOf(name) / wide - 1) < MISS_MAX)
  if (near) return width >= height ? near : turned(near)
  const divisor = commonDivisor(width, height)
  return `${width / divisor}:${height / divisor}`
}

/** The ratio of a size; undefined for `auto` and for sizes that the model does not support. */
export function ratioOfSize(ratios: readonly Ratio[], size: string): Ratio | undefined {
  return ratios.find(({ sizes }) => sizes.includes(size))
}

const valueOf = (name: string) => {
  const [wide, tall] = name.split(':').map(Number)
  return (wide ?? 1) / (tall ?? 1)
}

const turned = (name: string) => name.split(':').toReversed().join(':')

const smallestFirst = ([, one]: [string, Shape], [, other]: [string, Shape]) =>
  one.width * one.height - other.width * other.height

// 1 is square; wide ratios follow up to 100, then tall ones.
function orderOf(shape: Shape | undefined): number {
  if (!shape) return Infinity
  const { width, height } = shape
  return width >= height ? width / height : 100 + height / width
}

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other)
}
