/** A place that is served before or after others; `first` never starves the rest. */
export type QueueClass = 'first' | 'normal' | 'last'
const classes = ['first', 'normal', 'last'] as const

/** After so many in a row, a class lets the next one behind it have one. */
const IN_A_ROW_MAX = 3

export interface FairQueueLimits {
  /** Work that runs at once. */
  runningMax: number
  /** What waits, all together. */
  waitingMax: number
  /** What waits of one group. */
  groupWaitingMax: number
}

export interface QueueEntry {
  /** Who is served in turn: groups alternate, however many entries each has. */
  group: string
  class?: QueueClass
  /** The error for this entry when there is no room for it. */
  refuse: () => Error
}

export interface FairQueue {
  /** Runs the work when its turn comes; rejects with the entry's own refusal when it may not wait. */
  run<Result>(entry: QueueEntry, work: () => Promise<Result>): Promise<Result>
  waiting(): number
}

interface Waiter {
  start: () => void
  refuse: () => void
}

/**
 * Few run at once, a bounded number waits, and groups take turns (round robin). A group that fills its own share
 * is refused alone; when everything is full, the newest entry of the longest group makes room, so that one
 * sender never keeps others out.
 */
export function createFairQueue(limits: FairQueueLimits): FairQueue {
  const lines = { first: createLine(), normal: createLine(), last: createLine() }
  let running = 0
  let inARow: { of: QueueClass; count: number } = { of: 'first', count: 0 }
  const waiting = () => classes.reduce((sum, name) => sum + lines[name].size(), 0)

  const admit = (name: QueueClass, group: string): boolean => {
    if (lines[name].sizeOf(group) >= limits.groupWaitingMax) return false
    if (waiting() < limits.waitingMax) return true
    const behind = classes.slice(classes.indexOf(name)).toReversed()
    const own = lines[name].sizeOf(group)
    return behind.some((one) => lines[one].evict(one === name ? own + 1 : 0))
  }
  const next = (): Waiter | undefined => {
    const present = classes.filter((name) => lines[name].size() > 0)
    const [front, behind] = present
    if (front === undefined) return undefined
    const isOver = inARow.of === front && inARow.count >= IN_A_ROW_MAX
    const chosen = isOver && behind !== undefined ? behind : front
    inARow =
      inARow.of === chosen ? { of: chosen, count: inARow.count + 1 } : { of: chosen, count: 1 }
    return lines[chosen].take()
  }

  return {
    waiting,
    async run(entry, work) {
      const { group, class: name = 'normal', refuse } = entry
      if (running >= limits.runningMax) {
        if (!admit(name, group)) throw refuse()
        await new Promise<void>((resolve, reject) => {
          lines[name].add(group, { start: resolve, refuse: () => reject(refuse()) })
        })
      } else running += 1
      try {
        return await work()
      } finally {
        // The next one takes over the place.
        const waiter = next()
        if (waiter) waiter.start()
        else running -= 1
      }
    },
  }
}

/** Waiters by group; the group that was served last is the last to be served again. */
function createLine() {
  const groups = new Map<string, Waiter[]>()
  let total = 0
  return {
    size: () => total,
    sizeOf: (group: string) => groups.get(group)?.length ?? 0,
    add(group: string, waiter: Waiter): void {
      const waiters = groups.get(group)
      if (waiters) waiters.push(waiter)
      else groups.set(group, [waiter])
      total += 1
    },
    take(): Waiter | undefined {
      const [first] = groups
      if (!first) return undefined
      const [group, waiters] = first
      const waiter = waiters.shift()
      groups.delete(group)
      if (waiters.length > 0) groups.set(group, waiters)
      total -= 1
      return waiter
    },
    /** Refuses the newest entry of the longest group, if that has more than `than`. */
    evict(than: number): boolean {
      let longest: [string, Waiter[]] | undefined
      for (const one of groups) if (one[1].length > (longest?.[1].length ?? 0)) longest = one
      if (!longest || longest[1].length <= than) return false
      const [group, waiters] = longest
      waiters.pop()?.refuse()
      if (waiters.length === 0) groups.delete(group)
      total -= 1
      return true
    },
  }
}
