import { describe, expect, it } from 'vitest'

import { columnsIn, inColumns } from './masonry.ts'

const square = { width: 1, height: 1 }
const tall = { width: 1, height: 3 }

describe('masonry', () => {
  it('fills the shortest column, the newest first and at the top', () => {
    const shapes = [tall, square, square, square, square]
    const columns = inColumns([0, 1, 2, 3, 4], { count: 2, shapeOf: (at) => shapes[at] ?? square })
    expect(columns).toEqual([
      [0, 4],
      [1, 2, 3],
    ])
  })

  it('does not move shown items when more are appended', () => {
    const shapeOf = (at: number) => (at % 3 === 0 ? tall : square)
    const items = Array.from({ length: 40 }, (_, at) => at)
    const before = inColumns(items.slice(0, 25), { count: 4, shapeOf })
    const after = inColumns(items, { count: 4, shapeOf })
    for (const [at, column] of before.entries()) {
      expect(after[at]?.slice(0, column.length)).toEqual(column)
    }
  })

  it('has two columns on a phone and never more than six', () => {
    expect([0, 358, 700, 1_232, 5_000].map(columnsIn)).toEqual([2, 2, 3, 5, 6])
  })
})
