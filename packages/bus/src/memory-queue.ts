import type { BusEvent, BusEventName } from '@sluice/contracts/events'

import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions, Unsubscribe } from './bus.ts'
import { deliver } from './deliver.ts'
import type { InFlight } from './in-flight.ts'
import { createRetained } from './retained.ts'
import { createMemoryGroup } from './memory-group.ts'
import type { MemoryGroup } from './memory-group.ts'

export interface MemoryQueue<Name extends BusEventName> {
  push(text: string): void
  consume(
    options: QueueOptions,
    receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>,
  ): Unsubscribe
}

/** One durable queue: every group gets each message, one consumer of the group at a time. */
export function createMemoryQueue<Name extends BusEventName>(
  deps: BusDeps & { inFlight: InFlight },
  name: Name,
): MemoryQueue<Name> {
  const groups = new Map<string, MemoryGroup>()
  const retained = createRetained(deps.clock)

  const groupOf = (groupName: string): MemoryGroup => {
    const known = groups.get(groupName)
    if (known) return known
    const group = createMemoryGroup(deps, name)
    for (const text of retained.texts()) group.push(text)
    groups.set(groupName, group)
    return group
  }

  return {
    push: (text) => {
      retained.push(text)
      for (const group of groups.values()) group.push(text)
    },
    consume: (options, receive) =>
      groupOf(options.group).join(options, (text, onLate) =>
        deliver(deps, { name, text, options, receive, onLate }),
      ),
  }
}
