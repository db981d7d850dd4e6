import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { groupCommit } from './group-commit.ts'

/** Commits that end when the test says so. */
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
    // The group's next step is a few promises away.
    await fakeClock().advance(0)
  }
  return { commits, groups, endNext }
}

describe('what comes while a commit runs', () => {
  it('goes together in the next one, up to its limit, in order', async () => {
    const { commits, groups, endNext } = controlled()
    const all = [[1], [2, 3], [4], [5, 6], [7]].map((items) => commits.add(items))
    await endNext()
    await endNext()
    await endNext()
    expect(groups).toEqual([[1], [2, 3, 4], [5, 6, 7]])
    await Promise.all(all)
  })

  it('is committed even when it alone is above the limit', async () => {
    const { commits, groups, endNext } = controlled()
    const large = commits.add([1, 2, 3, 4, 5, 6])
    await endNext()
    await large
    expect(groups).toEqual([[1, 2, 3, 4, 5, 6]])
  })
})

describe('a group that fails', () => {
  it('is tried one by one, so that nobody fails for the fault of another', async () => {
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

  it('does not stop those that come after', async () => {
    const { commits, endNext } = controlled()
    const failing = Promise.allSettled([commits.add([1])])
    await endNext(new Error('away'))
    await failing
    const next = commits.add([2])
    await endNext()
    await expect(next).resolves.toBeUndefined()
  })
})
