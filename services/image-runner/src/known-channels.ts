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

export interface WantedChannel {
  channelId: string
  model: string
  /** The version by which the lease was granted: an older one may name another address. */
  atLeastVersion?: number | undefined
}

/** The channels as the scheduler told of them; asked again when they changed, never once a job. */
export interface KnownChannels {
  /** Undefined when there is no such channel, or it does not offer the model. */
  find(wanted: WantedChannel): Promise<KnownChannel | undefined>
  /** Something changed: the next question asks the scheduler. */
  forget(change?: { version?: number | undefined }): void
}

export function createKnownChannels({
  scheduler,
}: {
  scheduler: Pick<Scheduler, 'readCatalog'>
}): KnownChannels {
  const flights = singleFlight<Catalog>()
  let known: Catalog | undefined
  let changes = 0
  let announced = 0

  const read = async (atLeastVersion: number): Promise<Catalog> => {
    if (known && known.version >= atLeastVersion) return known
    const before = changes
    const catalog = await flights.run(`${before}@${atLeastVersion}`, () =>
      scheduler.readCatalog({ atLeastVersion }),
    )
    if (changes === before) known = catalog
    return catalog
  }

  return {
    find: async (wanted) => {
      const { atLeastVersion = announced } = wanted
      const version = Math.max(atLeastVersion, announced)
      const found = channelOf(await read(version), wanted)
      if (found) return found
      // A lease may name a channel that is newer than what we know.
      known = undefined
      return channelOf(await read(version), wanted)
    },
    forget: ({ version = 0 } = {}) => {
      changes += 1
      announced = Math.max(announced, version)
      known = undefined
    },
  }
}

function channelOf(
  { channels }: Catalog,
  { channelId, model }: WantedChannel,
): KnownChannel | undefined {
  const channel = channels.find(({ id }) => id === channelId)
  const upstreamModel = channel?.models.find((offer) => offer.model === model)?.upstreamModel
  if (!channel || upstreamModel === undefined) return undefined
  const { dialect, baseUrl, settings } = channel
  return { dialect, baseUrl, settings, upstreamModel }
}
