import type { AdminModel } from '@sluice/contracts/control/admin'
import type { ImageQuality } from '@sluice/contracts/image-request'
import { formatCredits, parseCredits } from '@sluice/kernel/credits'

export type Price = AdminModel['prices'][number]['price']
export type ImageSteps = Extract<Price, { kind: 'images' }>['steps']

// Repeated here, because the contract's list would import zod into the browser.
const qualities: readonly ImageQuality[] = ['low', 'medium', 'high', 'xhigh', 'max']

const LINE = /^(\S+)\s+(\d{1,5})[x×](\d{1,5})\s+(\S+)$/

/** Steps as text, one per line: `low 1024x1024 0.01`. */
export function formatSteps(steps: ImageSteps): string {
  return steps
    .map(({ quality, pixels_max: pixels, micro_per_image: micro }) => {
      const [width, height] = measuresOf(pixels)
      return `${quality} ${width}x${height} ${formatCredits(BigInt(micro))}`
    })
    .join('\n')
}

/** Parses such lines; `wrong` is the first invalid line. */
export function parseSteps(text: string): { steps: ImageSteps; wrong: string | undefined } {
  const steps: ImageSteps = []
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line === '') continue
    const [, name, width, height, credits = ''] = LINE.exec(line) ?? []
    const quality = qualities.find((one) => one === name)
    const micro = parseCredits(credits)
    const pixels = Number(width) * Number(height)
    if (!quality || micro === undefined || micro < 0n || !(pixels > 0))
      return { steps: [], wrong: line }
    steps.push({ quality, pixels_max: pixels, micro_per_image: micro.toString() })
  }
  return { steps, wrong: undefined }
}

/** The most square width and height whose product is exactly the number of pixels. */
function measuresOf(pixels: number): [number, number] {
  for (let height = Math.floor(Math.sqrt(pixels)); height > 1; height -= 1) {
    if (pixels % height === 0) return [pixels / height, height]
  }
  return [pixels, 1]
}

/** The cheapest picture of a price. */
export function cheapestMicro(steps: ImageSteps): bigint {
  return steps
    .map(({ micro_per_image: micro }) => BigInt(micro))
    .reduce((least, micro) => (micro < least ? micro : least))
}
