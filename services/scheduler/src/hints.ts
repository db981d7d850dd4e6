import type { Bus } from '@sluice/bus/bus'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import type { Log } from '@sluice/kernel/log'

/**
 * What others may like to hear of at once. A hint that gets lost costs a moment: waiting runners come
 * back by themselves, catalogs are re-read by a timer. So a bus that is away fails nothing here.
 */
export interface Hints {
  /** A place of these channels is free: whoever was told `busy` may try again. */
  leaseFreed(channelIds: Iterable<string>): Promise<void>
  /** `version` has the change in it; readers ask for at least that one. */
  catalogChanged(change: { version: number }): Promise<void>
  /** Health changes come in bursts; they are told together by the next `tellSoon`. */
  healthChanged(): void
  tellSoon(): Promise<void>
}

/** An edge that hears the first may ask a replica that has not read the pool since; the second cannot. */
const TELL_TIMES = 2

export function createHints({ bus, log }: { bus: Pick<Bus, 'announce'>; log: Log }): Hints {
  let owed = 0
  const tell = async <Name extends BusEventName>(name: Name, event: BusEvent<Name>) => {
    try {
      await bus.announce(name, event)
    } catch (err) {
      log.debug({ err, event: name }, 'a hint was not heard')
    }
  }
  return {
    leaseFreed: async (channelIds) => {
      for (const channelId of new Set(channelIds)) await tell('lease-freed', { channelId })
    },
    catalogChanged: ({ version }) => tell('catalog-changed', { version }),
    healthChanged: () => void (owed = TELL_TIMES),
    tellSoon: async () => {
      if (owed === 0) return
      owed -= 1
      await tell('catalog-changed', {})
    },
  }
}
