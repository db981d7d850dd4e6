/** Where a receiver puts what it got, so that a test can wait for it without looking at a clock. */
export interface Mailbox<Item> {
  readonly received: readonly Item[]
  put(item: Item): void
  /** Resolves with the first so many items, as soon as they have come. */
  take(count: number): Promise<Item[]>
}

export function mailbox<Item>(): Mailbox<Item> {
  const received: Item[] = []
  const waiting = new Set<() => void>()
  return {
    received,
    put: (item) => {
      received.push(item)
      for (const look of waiting) look()
    },
    take: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return
          waiting.delete(look)
          resolve(received.slice(0, count))
        }
        waiting.add(look)
        look()
      }),
  }
}
