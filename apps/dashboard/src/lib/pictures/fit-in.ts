import type { Shape } from './picture-shape.ts'

/** The part of a box that a picture of another shape fills when it is shown whole, in percent. */
export function fitIn(box: Shape, shape: Shape): { width: string; height: string } {
  const wider = (shape.width / shape.height) * (box.height / box.width)
  const percent = (share: number) => `${Math.round(Math.min(1, share) * 10_000) / 100}%`
  return { width: percent(wider), height: percent(1 / wider) }
}
