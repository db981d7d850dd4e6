/** Collects received items, so that a test can wait for them without a timer. */
export interface Mailbox<Item> {
  readonly received: readonly Item[]
  put(item: Item): void
  /** Resolves with the first `count` items as soon as they have arrived. */
  take(count: number): Promise<Item[]>
}

export function mailbox<Item>(): Mailbox<Item> {
  const received: Item[] = []
  const waiting = new Set<() => void>()
  return {
    received,
    put: (item) => {
      received.push(item)
      for (const check of waiting) check()
    },
    take: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (received.length < count) return
          waiting.delete(check)
          resolve(received.slice(0, count))
        }
        waiting.add(check)
        check()
      }),
  }
}
