/**
 * A queue that is round-robin by wallet: a wallet with a thousand items delays the first item of another
 * wallet by one item, not by a thousand.
 */
export interface FairQueue<Item> {
  readonly size: number
  push(wallet: string, item: Item): void
  /** Before the items of all wallets, after earlier urgent items. */
  pushUrgent(item: Item): void
  /** Before all other items: for an item that was taken and could not be served. */
  pushFirst(item: Item): void
  /** Removes and returns the next item. */
  take(): Item | undefined
  /** False when it is not in the queue. */
  remove(item: Item): boolean
  /** Removes and returns the newest item of the wallet that has the most. */
  dropFromLongest(): Item | undefined
}

export function createFairQueue<Item>(): FairQueue<Item> {
  const first: Item[] = []
  // In round-robin order: a wallet moves to the end after one of its items is taken.
  const wallets = new Map<string, Item[]>()
  let size = 0

  const removed = (item: Item | undefined) => {
    if (item !== undefined) size -= 1
    return item
  }

  return {
    get size() {
      return size
    },
    push: (wallet, item) => {
      const items = wallets.get(wallet) ?? []
      items.push(item)
      wallets.set(wallet, items)
      size += 1
    },
    pushUrgent: (item) => {
      first.push(item)
      size += 1
    },
    pushFirst: (item) => {
      first.unshift(item)
      size += 1
    },
    take: () => {
      if (first.length > 0) return removed(first.shift())
      for (const [wallet, items] of wallets) {
        const item = items.shift()
        wallets.delete(wallet)
        if (items.length > 0) wallets.set(wallet, items)
        return removed(item)
      }
      return undefined
    },
    remove: (item) => {
      const queues = [['', first], ...wallets] as const
      for (const [wallet, items] of queues) {
        const at = items.indexOf(item)
        if (at === -1) continue
        items.splice(at, 1)
        if (items.length === 0) wallets.delete(wallet)
        size -= 1
        return true
      }
      return false
    },
    dropFromLongest: () => {
      let longest: [string, Item[]] | undefined
      for (const entry of wallets) {
        if (!longest || entry[1].length >= longest[1].length) longest = entry
      }
      if (!longest) return undefined
      const [wallet, items] = longest
      const item = items.pop()
      if (items.length === 0) wallets.delete(wallet)
      return removed(item)
    },
  }
}
