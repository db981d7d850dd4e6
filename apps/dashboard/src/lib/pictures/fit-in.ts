import type { Shape } from './picture-shape.ts'

/** The part of a box, in percent, that a picture of another aspect ratio fills when shown completely. */
export function fitIn(box: Shape, shape: Shape): { width: string; height: string } {
  const wider = (shape.width / shape.height) * (box.height / box.width)
  const percent = (share: number) => `${Math.round(Math.min(1, share) * 10_000) / 100}%`
  return { width: percent(wider), height: percent(1 / wider) }
}
