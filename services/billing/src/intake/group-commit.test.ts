import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { groupCommit } from './group-commit.ts'

/** Commits that end when the test calls `endNext`. */
function controlled() {
  const groups: number[][] = []
  const ends: ((error?: Error) => void)[] = []
  const commits = groupCommit<number>({
    itemsMax: 4,
    commit: (items) =>
      new Promise((resolve, reject) => {
        groups.push(items)
        ends.push((error) => (error ? reject(error) : resolve()))
      }),
  })
  const endNext = async (error?: Error) => {
    ends.shift()?.(error)
    // Lets the pending promises of the group settle.
    await fakeClock().advance(0)
  }
  return { commits, groups, endNext }
}

describe('items added while a commit runs', () => {
  it('are committed together in the next commit, up to the limit, in order', async () => {
    const { commits, groups, endNext } = controlled()
    const all = [[1], [2, 3], [4], [5, 6], [7]].map((items) => commits.add(items))
    await endNext()
    await endNext()
    await endNext()
    expect(groups).toEqual([[1], [2, 3, 4], [5, 6, 7]])
    await Promise.all(all)
  })

  it('are committed even when one addition alone is above the limit', async () => {
    const { commits, groups, endNext } = controlled()
    const large = commits.add([1, 2, 3, 4, 5, 6])
    await endNext()
    await large
    expect(groups).toEqual([[1, 2, 3, 4, 5, 6]])
  })
})

describe('a group that fails', () => {
  it('is retried one addition at a time, so that each fails only for its own error', async () => {
    const { commits, groups, endNext } = controlled()
    const first = commits.add([1])
    const good = commits.add([2])
    const bad = commits.add([3])
    const outcomes = Promise.allSettled([first, good, bad])
    await endNext()
    await endNext(new Error('the group'))
    await endNext()
    await endNext(new Error('its own'))
    expect(groups).toEqual([[1], [2, 3], [2], [3]])
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: 'its own' } },
    ])
  })

  it('does not block later commits', async () => {
    const { commits, endNext } = controlled()
    const failing = Promise.allSettled([commits.add([1])])
    await endNext(new Error('unavailable'))
    await failing
    const next = commits.add([2])
    await endNext()
    await expect(next).resolves.toBeUndefined()
  })
})
