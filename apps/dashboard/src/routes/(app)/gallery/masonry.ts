import type { Shape } from '#lib/pictures/picture-shape.ts'

/** Minimum column width; a phone has two columns. */
const COLUMN_PX_MIN = 220
const COLUMNS_MIN = 2
const COLUMNS_MAX = 6

/** How many columns fit into a width. */
export function columnsIn(widthPx: number): number {
  const fitting = Math.floor(widthPx / COLUMN_PX_MIN)
  return Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, fitting))
}

/**
 * Adds each item to the shortest column, so that the newest stay at the top. Items do not move when more are
 * appended. `line` is the height of the caption, in column widths.
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
