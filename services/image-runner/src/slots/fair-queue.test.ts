import { describe, expect, it } from 'vitest'

import { createFairQueue } from './fair-queue.ts'

function queueOf(...items: [wallet: string, item: string][]) {
  const queue = createFairQueue<string>()
  for (const [wallet, item] of items) queue.push(wallet, item)
  return queue
}

function takeAll(queue: ReturnType<typeof queueOf>): string {
  const taken: string[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
  expect(queue.size).toBe(0)
  return taken.join(' ')
}

describe('a fair queue', () => {
  it('is round-robin by wallet, and in order within each wallet', () => {
    const queue = queueOf(
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
      ['b', 'b1'],
      ['c', 'c1'],
      ['c', 'c2'],
    )
    expect(takeAll(queue)).toBe('a1 b1 c1 a2 c2 a3')
  })

  it('serves a new wallet in the next round', () => {
    const queue = queueOf(['a', 'a1'], ['a', 'a2'], ['b', 'b1'], ['b', 'b2'])
    expect(queue.take()).toBe('a1')
    queue.push('c', 'c1')
    expect(takeAll(queue)).toBe('b1 a2 c1 b2')
  })

  it('serves urgent items before all wallets, in order, and items of pushFirst behind those', () => {
    const queue = queueOf(['a', 'a1'])
    queue.pushUrgent('u1')
    queue.pushUrgent('u2')
    const served = queue.take()
    if (served !== undefined) queue.pushFirst(served)
    expect(takeAll(queue)).toBe('u1 u2 a1')
  })

  it('removes an item at any position', () => {
    const queue = queueOf(['a', 'a1'], ['b', 'b1'])
    queue.pushUrgent('u1')
    expect([queue.remove('u1'), queue.remove('a1'), queue.remove('a1')]).toEqual([
      true,
      true,
      false,
    ])
    expect(queue.size).toBe(1)
    expect(takeAll(queue)).toBe('b1')
  })

  it('drops the newest item of the wallet that has the most', () => {
    const queue = queueOf(['a', 'a1'], ['b', 'b1'], ['b', 'b2'], ['b', 'b3'], ['a', 'a2'])
    expect([queue.dropFromLongest(), queue.dropFromLongest()]).toEqual(['b3', 'b2'])
    expect(queue.dropFromLongest()).toBe('a2')
    expect(takeAll(queue)).toBe('a1 b1')
    expect(queue.dropFromLongest()).toBeUndefined()
  })
})
