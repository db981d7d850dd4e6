import { createHash } from 'node:crypto'

import type { ImageQuality } from '@sluice/contracts/image-request'
import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'

import { plainLetters, strokeText, strokeWidthOf } from './stroke-font.ts'

export interface Composition {
  prompt: string
  /** Index of the picture in its job; each looks different. */
  index: number
  /** Width divided by height. */
  aspect: number
  quality: ImageQuality
}

/** The number of shapes by quality. */
const details = {
  low: { blobs: 3, waves: 2, dots: 0 },
  medium: { blobs: 5, waves: 4, dots: 14 },
  high: { blobs: 8, waves: 7, dots: 30 },
  xhigh: { blobs: 10, waves: 9, dots: 50 },
  max: { blobs: 12, waves: 12, dots: 80 },
} as const satisfies Record<ImageQuality, object>

// Width in units of the SVG; the renderer scales it to pixels.
const WIDTH = 1_000

/** The background of an opaque picture: a gradient. Pure: the same for the same composition. */
export function backgroundOf(composition: Composition): string {
  const { random, hue } = seedOf(composition)
  const angle = Math.round(random.next() * 360)
  const stops = [0, 0.5, 1].map((offset, at) => {
    return `<stop offset="${offset}" stop-color="${colour(hue + at * 40, 55, 22 + at * 14)}"/>`
  })
  const turn = `gradientTransform="rotate(${angle} .5 .5)"`
  return (
    `<linearGradient id="ground" ${turn}>${stops.join('')}</linearGradient>` +
    `<rect width="${WIDTH}" height="${heightOf(composition)}" fill="url(#ground)"/>`
  )
}

/** Random blobs, bands and dots, seeded by the prompt. Pure. */
export function shapesOf(composition: Composition): string {
  const { random, hue } = seedOf(composition)
  const { blobs, waves, dots } = details[composition.quality]
  const height = heightOf(composition)
  const repeat = (count: number, one: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => one(at)).join('')
  return (
    repeat(blobs, (at) => blob({ random, hue, height, at })) +
    repeat(waves, (at) => wave({ random, hue, height, at })) +
    repeat(dots, () => dot({ random, hue, height }))
  )
}

/** The SANDBOX mark and the prompt's first words, so that the picture is not mistaken for a model's. */
export function captionOf(composition: Composition): string {
  const height = heightOf(composition)
  const unit = Math.min(WIDTH, height) / 1_000
  const mark = caption({ lines: ['SANDBOX'], x: 30 * unit, y: 30 * unit, size: 34 * unit })
  const size = 30 * unit
  const lettersMax = Math.max(6, Math.floor((WIDTH - 120 * unit) / size))
  const lines = wrap(composition.prompt, lettersMax)
  if (lines.length === 0) return mark
  const y = height - (lines.length * 1.6 + 1.6) * size - 10 * unit
  return mark + caption({ lines, x: 30 * unit, y, size })
}

/** The complete SVG of these parts at `width` × `height` pixels. */
export function composePicture({
  parts,
  composition,
  width,
  height,
}: {
  parts: readonly string[]
  composition: Composition
  width: number
  height: number
}): string {
  const view = `viewBox="0 0 ${WIDTH} ${heightOf(composition)}" preserveAspectRatio="none"`
  const size = `width="${width}" height="${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${view}>${parts.join('')}</svg>`
}

function seedOf({ prompt, index }: Composition): { random: Random; hue: number } {
  const digest = createHash('sha256').update(`${index}\0${prompt}`).digest()
  return { random: seededRandom(digest.readUInt32BE(0)), hue: digest.readUInt16BE(4) % 360 }
}

function heightOf({ aspect }: Composition): number {
  return Math.round(WIDTH / aspect)
}

interface ShapeInput {
  random: Random
  hue: number
  height: number
  at: number
}

function blob({ random, hue, height, at }: ShapeInput): string {
  const paint = colour(hue + random.next() * 200, 80, 60)
  const [x, y] = [random.next() * WIDTH, random.next() * height]
  const [rx, ry] = [180 + random.next() * 320, 140 + random.next() * 260]
  return (
    `<radialGradient id="blob${at}"><stop offset="0" stop-color="${paint}" stop-opacity=".85"/>` +
    `<stop offset="1" stop-color="${paint}" stop-opacity="0"/></radialGradient>` +
    `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${rx.toFixed(1)}" ` +
    `ry="${ry.toFixed(1)}" fill="url(#blob${at})"/>`
  )
}

function wave({ random, hue, height, at }: ShapeInput): string {
  const y = () => (random.next() * height).toFixed(1)
  const path = `M-20 ${y()}C250 ${y()} 350 ${y()} 500 ${y()}S800 ${y()} 1020 ${y()}`
  const paint = colour(hue + 20 * at + random.next() * 60, 85, 68)
  const breadth = (6 + random.next() * 50).toFixed(1)
  return `<path d="${path}" fill="none" stroke="${paint}" stroke-width="${breadth}" stroke-opacity=".45"/>`
}

function dot({ random, hue, height }: Omit<ShapeInput, 'at'>): string {
  const centre = `cx="${(random.next() * WIDTH).toFixed(1)}" cy="${(random.next() * height).toFixed(1)}"`
  const radius = (2 + random.next() * 9).toFixed(1)
  const paint = colour(hue + random.next() * 360, 90, 80)
  return `<circle ${centre} r="${radius}" fill="${paint}" fill-opacity=".8"/>`
}

function colour(hue: number, saturation: number, lightness: number): string {
  return `hsl(${Math.round(hue) % 360},${saturation}%,${lightness}%)`
}

function caption({
  lines,
  x,
  y,
  size,
}: {
  lines: readonly string[]
  x: number
  y: number
  size: number
}) {
  const width = Math.max(...lines.map((line) => strokeWidthOf(line, size))) + size * 1.4
  const height = lines.length * size * 1.6 + size * 0.8
  const texts = lines.map((text, at) =>
    strokeText({ text, x: x + size * 0.7, y: y + size * (0.7 + at * 1.6), size }),
  )
  return (
    `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" ` +
    `height="${height.toFixed(1)}" rx="${(size * 0.5).toFixed(1)}" fill="#10131a" fill-opacity=".62"/>` +
    `<g stroke="#ffffff">${texts.join('')}</g>`
  )
}

const LINES_MAX = 2

function wrap(prompt: string, lettersMax: number): string[] {
  const words = plainLetters(prompt.slice(0, 400))
    .split(/\s+/)
    .filter((word) => word !== '')
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= lettersMax) {
      lines[lines.length - 1] = `${last} ${word}`
    } else if (lines.length < LINES_MAX) {
      lines.push(shorten(word, lettersMax))
    } else {
      lines[lines.length - 1] = shorten(`${last} ${word}`, lettersMax)
      break
    }
  }
  return lines
}

function shorten(text: string, lettersMax: number): string {
  const letters = [...text]
  return letters.length <= lettersMax ? text : `${letters.slice(0, lettersMax - 1).join('')}…`
}
