import { describe, expect, it } from 'vitest'

import { createFairLine } from './fair-line.ts'

function lineOf(...items: [wallet: string, item: string][]) {
  const line = createFairLine<string>()
  for (const [wallet, item] of items) line.push(wallet, item)
  return line
}

function takeAll(line: ReturnType<typeof lineOf>): string {
  const taken: string[] = []
  for (let item = line.take(); item !== undefined; item = line.take()) taken.push(item)
  expect(line.size).toBe(0)
  return taken.join(' ')
}

describe('a fair line', () => {
  it('lets wallets take turns, each in its own order', () => {
    const line = lineOf(
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
      ['b', 'b1'],
      ['c', 'c1'],
      ['c', 'c2'],
    )
    expect(takeAll(line)).toBe('a1 b1 c1 a2 c2 a3')
  })

  it('serves a newcomer among crowds at the next turn', () => {
    const line = lineOf(['a', 'a1'], ['a', 'a2'], ['b', 'b1'], ['b', 'b2'])
    expect(line.take()).toBe('a1')
    line.push('c', 'c1')
    expect(takeAll(line)).toBe('b1 a2 c1 b2')
  })

  it('serves the urgent before all wallets, in their order, and who was at its turn before them', () => {
    const line = lineOf(['a', 'a1'])
    line.pushUrgent('u1')
    line.pushUrgent('u2')
    const served = line.take()
    if (served !== undefined) line.pushFirst(served)
    expect(takeAll(line)).toBe('u1 u2 a1')
  })

  it('forgets who leaves, wherever they stand', () => {
    const line = lineOf(['a', 'a1'], ['b', 'b1'])
    line.pushUrgent('u1')
    expect([line.remove('u1'), line.remove('a1'), line.remove('a1')]).toEqual([true, true, false])
    expect(line.size).toBe(1)
    expect(takeAll(line)).toBe('b1')
  })

  it('turns away the newest of the wallet that has the most', () => {
    const line = lineOf(['a', 'a1'], ['b', 'b1'], ['b', 'b2'], ['b', 'b3'], ['a', 'a2'])
    expect([line.dropOfLongest(), line.dropOfLongest()]).toEqual(['b3', 'b2'])
    expect(line.dropOfLongest()).toBe('a2')
    expect(takeAll(line)).toBe('a1 b1')
    expect(line.dropOfLongest()).toBeUndefined()
  })
})
