/** Batches concurrent additions into one commit. */
export interface GroupCommit<Item> {
  /** Resolves after the commit of these items; rejects when it failed. */
  add(items: readonly Item[]): Promise<void>
}

interface Pending<Item> {
  items: readonly Item[]
  resolve: () => void
  reject: (reason: unknown) => void
}

/**
 * Runs one commit at a time; items added meanwhile are committed together afterwards, at most `itemsMax`
 * per commit. A failed group is retried one addition at a time, so that each fails only for its own error.
 */
export function groupCommit<Item>({
  itemsMax,
  commit,
}: {
  itemsMax: number
  commit: (items: Item[]) => Promise<void>
}): GroupCommit<Item> {
  const queue: Pending<Item>[] = []
  let running = false

  const commitAlone = async ({ items, resolve, reject }: Pending<Item>) =>
    commit([...items]).then(resolve, reject)

  const commitGroup = async (group: Pending<Item>[]) => {
    const [first] = group
    if (group.length === 1 && first) return commitAlone(first)
    try {
      await commit(group.flatMap(({ items }) => items))
      for (const { resolve } of group) resolve()
    } catch {
      // Each addition succeeds or fails with its own error.
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

/** Removes from the front of the queue what fits into the limit, and at least one entry. */
function takeGroup<Item>(queue: Pending<Item>[], itemsMax: number): Pending<Item>[] {
  let count = 0
  let total = 0
  for (const { items } of queue) {
    if (count > 0 && total + items.length > itemsMax) break
    count += 1
    total += items.length
  }
  return queue.splice(0, count)
}
