/** A map whose changes since the last commit can be rolled back. */
export interface TransactionalMap<Key, Value extends object> {
  get(key: Key): Value | undefined
  has(key: Key): boolean
  readonly size: number
  set(key: Key, value: Value): void
  values(): Value[]
  commit(): void
  rollback(): void
}

/** Values are replaced, never changed in place. */
export function transactionalMap<Key, Value extends object>(): TransactionalMap<Key, Value> {
  const map = new Map<Key, Value>()
  const undo: (() => unknown)[] = []
  const remember = (key: Key) => {
    const before = map.get(key)
    undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }
  return {
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    get size() {
      return map.size
    },
    set: (key, value) => {
      remember(key)
      map.set(key, value)
    },
    values: () => [...map.values()],
    commit: () => {
      undo.length = 0
    },
    rollback: () => {
      while (undo.length > 0) undo.pop()?.()
    },
  }
}
