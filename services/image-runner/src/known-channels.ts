import type { Catalog, Dialect, Scheduler } from '@sluice/contracts/scheduler.contract'
import { singleFlight } from '@sluice/kernel/single-flight'

/** How a channel is called for one of its models. */
export interface KnownChannel {
  dialect: Dialect
  baseUrl: string
  settings: Record<string, unknown>
  /** The upstream's own name of the model. */
  upstreamModel: string
}

/** The channels as the scheduler told of them; asked again when they changed, never once a job. */
export interface KnownChannels {
  /** Undefined when there is no such channel, or it does not offer the model. */
  find(wanted: { channelId: string; model: string }): Promise<KnownChannel | undefined>
  /** Something changed: the next question asks the scheduler. */
  forget(): void
}

export function createKnownChannels({
  scheduler,
}: {
  scheduler: Pick<Scheduler, 'readCatalog'>
}): KnownChannels {
  const flights = singleFlight<Catalog>()
  let known: Catalog | undefined
  let changes = 0

  const read = async (): Promise<Catalog> => {
    if (known) return known
    const before = changes
    const catalog = await flights.run(`${before}`, () => scheduler.readCatalog({}))
    if (changes === before) known = catalog
    return catalog
  }

  return {
    find: async (wanted) => {
      const found = channelOf(await read(), wanted)
      if (found) return found
      // A lease may name a channel that is newer than what we know.
      known = undefined
      return channelOf(await read(), wanted)
    },
    forget: () => {
      changes += 1
      known = undefined
    },
  }
}

function channelOf(
  { channels }: Catalog,
  { channelId, model }: { channelId: string; model: string },
): KnownChannel | undefined {
  const channel = channels.find(({ id }) => id === channelId)
  const upstreamModel = channel?.models.find((offer) => offer.model === model)?.upstreamModel
  if (!channel || upstreamModel === undefined) return undefined
  const { dialect, baseUrl, settings } = channel
  return { dialect, baseUrl, settings, upstreamModel }
}
