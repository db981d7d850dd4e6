import type { Shape } from '#lib/pictures/picture-shape.ts'

/** How wide a column is at least; a phone has two. */
const COLUMN_PX_MIN = 220
const COLUMNS_MIN = 2
const COLUMNS_MAX = 6

/** How many columns fit into a width. */
export function columnsIn(widthPx: number): number {
  const fitting = Math.floor(widthPx / COLUMN_PX_MIN)
  return Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, fitting))
}

/**
 * Gives each thing to the column that is shortest so far, so that the newest stay above. What was given
 * stays where it is when more are appended. `line` is what stands under each, in widths of a column.
 */
export function inColumns<Item>(
  items: readonly Item[],
  { count, shapeOf, line = 0 }: { count: number; shapeOf: (item: Item) => Shape; line?: number },
): Item[][] {
  const columns = Array.from({ length: count }, () => ({ items: new Array<Item>(), height: 0 }))
  for (const item of items) {
    const { width, height } = shapeOf(item)
    const shortest = columns.reduce((least, one) => (one.height < least.height ? one : least))
    shortest.items.push(item)
    shortest.height += height / width + line
  }
  return columns.map((column) => column.items)
}
