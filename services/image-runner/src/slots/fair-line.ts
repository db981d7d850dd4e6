/**
 * A waiting line in which wallets take turns: a wallet with a thousand items delays another's first
 * item by one, not by a thousand.
 */
export interface FairLine<Item> {
  readonly size: number
  push(wallet: string, item: Item): void
  /** Before every wallet, behind those who came this way earlier. */
  pushUrgent(item: Item): void
  /** Before everybody: for one who was at its turn already. */
  pushFirst(item: Item): void
  /** Takes out whose turn it is. */
  take(): Item | undefined
  /** False when it is not, or no longer, in the line. */
  remove(item: Item): boolean
  /** Takes out the newest item of the wallet that has the most. */
  dropOfLongest(): Item | undefined
}

export function createFairLine<Item>(): FairLine<Item> {
  const first: Item[] = []
  // In order of turns: a wallet that had its turn goes to the end.
  const wallets = new Map<string, Item[]>()
  let size = 0

  const gone = (item: Item | undefined) => {
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
      if (first.length > 0) return gone(first.shift())
      for (const [wallet, items] of wallets) {
        const item = items.shift()
        wallets.delete(wallet)
        if (items.length > 0) wallets.set(wallet, items)
        return gone(item)
      }
      return undefined
    },
    remove: (item) => {
      const lines = [['', first], ...wallets] as const
      for (const [wallet, items] of lines) {
        const at = items.indexOf(item)
        if (at === -1) continue
        items.splice(at, 1)
        if (items.length === 0) wallets.delete(wallet)
        size -= 1
        return true
      }
      return false
    },
    dropOfLongest: () => {
      let longest: [string, Item[]] | undefined
      for (const entry of wallets) {
        if (!longest || entry[1].length >= longest[1].length) longest = entry
      }
      if (!longest) return undefined
      const [wallet, items] = longest
      const item = items.pop()
      if (items.length === 0) wallets.delete(wallet)
      return gone(item)
    },
  }
}
