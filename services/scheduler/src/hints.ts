import type { Bus } from '@sluice/bus/bus'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import type { Log } from '@sluice/kernel/log'

/**
 * Best-effort events. A lost event only causes a delay: waiting runners retry by themselves, and catalogs are
 * reloaded periodically. So a bus failure is logged here and not thrown.
 */
export interface Hints {
  /** These channels have a free slot: callers that received `busy` may retry. */
  leaseFreed(channelIds: Iterable<string>): Promise<void>
  /** `version` contains the change; readers request at least this version. */
  catalogChanged(change: { version: number }): Promise<void>
  /** Health changes come in bursts; the next `announcePending` announces them together. */
  healthChanged(): void
  announcePending(): Promise<void>
}

/** After the first event an edge may read from a replica whose pool cache is older; after the second it cannot. */
const HEALTH_ANNOUNCEMENTS = 2

export function createHints({ bus, log }: { bus: Pick<Bus, 'announce'>; log: Log }): Hints {
  let pending = 0
  const announce = async <Name extends BusEventName>(name: Name, event: BusEvent<Name>) => {
    try {
      await bus.announce(name, event)
    } catch (err) {
      log.debug({ err, event: name }, 'an event was not published')
    }
  }
  return {
    leaseFreed: async (channelIds) => {
      for (const channelId of new Set(channelIds)) await announce('lease-freed', { channelId })
    },
    catalogChanged: ({ version }) => announce('catalog-changed', { version }),
    healthChanged: () => void (pending = HEALTH_ANNOUNCEMENTS),
    announcePending: async () => {
      if (pending === 0) return
      pending -= 1
      await announce('catalog-changed', {})
    },
  }
}
