import type { Picture } from './task.ts'

export interface Shape {
  width: number
  height: number
}

const SQUARE: Shape = { width: 1024, height: 1024 }

/** `1536x1024` as numbers; `auto` and anything else is undefined. */
export function parseSize(size: string): Shape | undefined {
  const match = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/.exec(size)
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined
}

/**
 * The box reserved for a picture from its request on, so that the layout does not shift. The size of `auto` is
 * not known before, so its box is a square and the picture is fitted into it.
 */
export function boxOf({ size }: { size: string }): Shape {
  return parseSize(size) ?? SQUARE
}

/** The actual size of a picture; before it is known, its box. */
export function shapeOf(task: { size: string }, picture: Picture | undefined): Shape {
  if (picture?.width && picture.height) return { width: picture.width, height: picture.height }
  return boxOf(task)
}
