import { describe, expect, it } from 'vitest'

import type { FairQueueLimits, QueueClass } from './fair-queue.ts'
import { createFairQueue } from './fair-queue.ts'

/** A queue whose only slot is held until `open` is called; `order` lists the groups that ran. */
function heldQueue(limits: Partial<FairQueueLimits> = {}) {
  const queue = createFairQueue({
    runningMax: 1,
    waitingMax: 100,
    groupWaitingMax: 50,
    ...limits,
  })
  const order: string[] = []
  const refused: string[] = []
  const gate = Promise.withResolvers<void>()
  const all: Promise<void>[] = []
  const enter = (group: string, count = 1, name: QueueClass = 'normal') => {
    for (let n = 0; n < count; n += 1) {
      const entry = { group, class: name, refuse: () => new Error(group) }
      const work = async () => void order.push(group)
      all.push(queue.run(entry, work).catch((error: Error) => void refused.push(error.message)))
    }
  }
  all.push(queue.run({ group: 'gate', refuse: () => new Error('gate') }, () => gate.promise))
  const open = async () => {
    gate.resolve()
    await Promise.all(all)
    return order
  }
  return { queue, enter, open, refused }
}

describe('a fair queue', () => {
  it('serves groups round robin, however many entries each has', async () => {
    const { enter, open } = heldQueue()
    enter('flood', 40)
    enter('ada')
    enter('bob', 2)
    expect((await open()).slice(0, 5)).toEqual(['flood', 'ada', 'bob', 'flood', 'bob'])
  })

  it('refuses only the group that exceeds its own share', async () => {
    const { enter, open, refused } = heldQueue({ groupWaitingMax: 5 })
    enter('flood', 80)
    enter('ada')
    expect(await open()).toContain('ada')
    expect(refused).toEqual(Array.from({ length: 75 }, () => 'flood'))
  })

  it('evicts from the longest group when it is full', async () => {
    const { enter, open, refused } = heldQueue({ waitingMax: 10 })
    enter('flood', 10)
    enter('ada')
    enter('bob')
    expect(await open()).toEqual(expect.arrayContaining(['ada', 'bob']))
    expect(refused).toEqual(['flood', 'flood'])
  })

  it('refuses the newcomer when every group has one entry', async () => {
    const { enter, open, refused } = heldQueue({ waitingMax: 3 })
    for (const group of ['a', 'b', 'c', 'd']) enter(group)
    expect(await open()).toEqual(['a', 'b', 'c'])
    expect(refused).toEqual(['d'])
  })

  it('serves the first class before the others without starving them', async () => {
    const { enter, open } = heldQueue()
    enter('unknown', 2, 'last')
    enter('new', 2)
    enter('known', 5, 'first')
    expect((await open()).slice(0, 5)).toEqual(['known', 'known', 'known', 'new', 'known'])
  })

  it('admits the first class by evicting entries of the others when it is full', async () => {
    const { enter, open, refused } = heldQueue({ waitingMax: 3 })
    for (const group of ['a', 'b']) enter(group, 2, 'last')
    enter('known', 1, 'first')
    expect((await open())[0]).toBe('known')
    expect(refused).toHaveLength(2)
  })

  it('releases the slot when the work fails', async () => {
    const queue = createFairQueue({ runningMax: 1, waitingMax: 1, groupWaitingMax: 1 })
    const entry = { group: 'a', refuse: () => new Error('full') }
    await expect(queue.run(entry, () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    )
    expect(await queue.run(entry, async () => 'ran')).toBe('ran')
    expect(queue.waiting()).toBe(0)
  })
})
