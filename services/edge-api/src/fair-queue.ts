/** Priority of an entry; `first` never starves the others. */
export type QueueClass = 'first' | 'normal' | 'last'
const classes = ['first', 'normal', 'last'] as const

/** After this many entries in a row, a class yields one to the next lower class. */
const CONSECUTIVE_MAX = 3

export interface FairQueueLimits {
  /** Concurrent work. */
  runningMax: number
  /** Waiting entries in total. */
  waitingMax: number
  /** Waiting entries of one group. */
  groupWaitingMax: number
}

export interface QueueEntry {
  /** Groups are served round robin, however many entries each has. */
  group: string
  class?: QueueClass
  /** Creates the error for this entry when the queue is full. */
  refuse: () => Error
}

export interface FairQueue {
  /** Runs the work when a slot is free; rejects with the entry's refusal when the queue is full. */
  run<Result>(entry: QueueEntry, work: () => Promise<Result>): Promise<Result>
  waiting(): number
}

interface Waiter {
  start: () => void
  refuse: () => void
}

/**
 * A bounded queue with limited concurrency that serves groups round robin. A group that exceeds its own share
 * is refused; when the whole queue is full, the newest entry of the longest group is evicted, so that one
 * sender cannot block the others.
 */
export function createFairQueue(limits: FairQueueLimits): FairQueue {
  const queues = { first: createGroupQueue(), normal: createGroupQueue(), last: createGroupQueue() }
  let running = 0
  let consecutive: { of: QueueClass; count: number } = { of: 'first', count: 0 }
  const waiting = () => classes.reduce((sum, name) => sum + queues[name].size(), 0)

  const admit = (name: QueueClass, group: string): boolean => {
    if (queues[name].sizeOf(group) >= limits.groupWaitingMax) return false
    if (waiting() < limits.waitingMax) return true
    const behind = classes.slice(classes.indexOf(name)).toReversed()
    const own = queues[name].sizeOf(group)
    return behind.some((one) => queues[one].evict(one === name ? own + 1 : 0))
  }
  const next = (): Waiter | undefined => {
    const present = classes.filter((name) => queues[name].size() > 0)
    const [front, behind] = present
    if (front === undefined) return undefined
    const isOver = consecutive.of === front && consecutive.count >= CONSECUTIVE_MAX
    const chosen = isOver && behind !== undefined ? behind : front
    consecutive =
      consecutive.of === chosen
        ? { of: chosen, count: consecutive.count + 1 }
        : { of: chosen, count: 1 }
    return queues[chosen].take()
  }

  return {
    waiting,
    async run(entry, work) {
      const { group, class: name = 'normal', refuse } = entry
      if (running >= limits.runningMax) {
        if (!admit(name, group)) throw refuse()
        await new Promise<void>((resolve, reject) => {
          queues[name].add(group, { start: resolve, refuse: () => reject(refuse()) })
        })
      } else running += 1
      try {
        return await work()
      } finally {
        // The next waiter takes over the slot.
        const waiter = next()
        if (waiter) waiter.start()
        else running -= 1
      }
    },
  }
}

/** Waiters by group, served round robin. */
function createGroupQueue() {
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
    /** Refuses the newest entry of the longest group, if the group has more than `than` entries. */
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
