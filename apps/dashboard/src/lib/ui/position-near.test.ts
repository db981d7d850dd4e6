import { expect, test } from 'vitest'
import { decidePosition } from './position-near.ts'

const room = { width: 400, height: 300 }
const layer = { width: 100, height: 40 }
const at = (left: number, top: number) => ({ left, right: left + 20, top, bottom: top + 20 })

test('a layer is centred above its anchor when there is room', () => {
  const position = decidePosition(at(200, 100), layer, room, { side: 'above', align: 'centre' })
  expect(position).toEqual({ left: 160, top: 54 })
})

test('a layer without room above is put below, and vice versa', () => {
  const high = decidePosition(at(200, 10), layer, room, { side: 'above', align: 'centre' })
  expect(high.top).toBe(36)
  const low = decidePosition(at(200, 270), layer, room, { side: 'below', align: 'start' })
  expect(low.top).toBe(224)
})

test('a layer stays within the window horizontally', () => {
  expect(decidePosition(at(0, 100), layer, room, { side: 'below', align: 'centre' }).left).toBe(8)
  expect(decidePosition(at(380, 100), layer, room, { side: 'below', align: 'start' }).left).toBe(
    292,
  )
})
