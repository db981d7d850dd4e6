/** Gathers what many bring at the same time, so that one commit serves them all. */
export interface GroupCommit<Item> {
  /** Resolves when these items were committed; rejects when they could not be. */
  add(items: readonly Item[]): Promise<void>
}

interface Waiting<Item> {
  items: readonly Item[]
  resolve: () => void
  reject: (reason: unknown) => void
}

/**
 * Runs one commit at a time; what comes meanwhile waits and goes together, at most `itemsMax` items
 * a commit. A group that fails is tried again one by one, so that nobody fails for another's fault.
 */
export function groupCommit<Item>({
  itemsMax,
  commit,
}: {
  itemsMax: number
  commit: (items: Item[]) => Promise<void>
}): GroupCommit<Item> {
  const queue: Waiting<Item>[] = []
  let running = false

  const commitAlone = async ({ items, resolve, reject }: Waiting<Item>) =>
    commit([...items]).then(resolve, reject)

  const commitGroup = async (group: Waiting<Item>[]) => {
    const [first] = group
    if (group.length === 1 && first) return commitAlone(first)
    try {
      await commit(group.flatMap(({ items }) => items))
      for (const { resolve } of group) resolve()
    } catch {
      // Each of them finds its own reason, or succeeds without the others.
      for (const one of group) await commitAlone(one)
    }
  }

  const run = async () => {
    running = true
    while (queue.length > 0) await commitGroup(takeGroup(queue, itemsMax))
    running = false
  }

  return {
    add: (items) =>
      new Promise((resolve, reject) => {
        queue.push({ items, resolve, reject })
        if (!running) void run()
      }),
  }
}

/** Takes from the front what fits, and always at least one. */
function takeGroup<Item>(queue: Waiting<Item>[], itemsMax: number): Waiting<Item>[] {
  let count = 0
  let total = 0
  for (const { items } of queue) {
    if (count > 0 && total + items.length > itemsMax) break
    count += 1
    total += items.length
  }
  return queue.splice(0, count)
}
