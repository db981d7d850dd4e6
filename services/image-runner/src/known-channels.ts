import type { Dialect } from '@sluice/contracts/dialects'
import type { Catalog, Scheduler } from '@sluice/contracts/scheduler.contract'
import { singleFlight } from '@sluice/kernel/single-flight'

/** The connection settings of a channel for one of its models. */
export interface KnownChannel {
  dialect: Dialect
  baseUrl: string
  settings: Record<string, unknown>
  /** The upstream's name of the model. */
  upstreamModel: string
}

export interface ChannelQuery {
  channelId: string
  model: string
  /** The catalog version of the lease: an older one may have another base URL. */
  atLeastVersion?: number | undefined
}

/** A cache of the scheduler's catalog, re-read when it has changed, not for every job. */
export interface KnownChannels {
  /** Undefined when there is no such channel, or it does not offer the model. */
  find(query: ChannelQuery): Promise<KnownChannel | undefined>
  /** Invalidates the cache: the next `find` reads the catalog again. */
  invalidate(change?: { version?: number | undefined }): void
}

export function createKnownChannels({
  scheduler,
}: {
  scheduler: Pick<Scheduler, 'readCatalog'>
}): KnownChannels {
  const flights = singleFlight<Catalog>()
  let known: Catalog | undefined
  let changes = 0
  let newestVersion = 0

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
    find: async (query) => {
      const { atLeastVersion = newestVersion } = query
      const version = Math.max(atLeastVersion, newestVersion)
      const found = channelOf(await read(version), query)
      if (found) return found
      // A lease may refer to a channel that is newer than the cached catalog.
      known = undefined
      return channelOf(await read(version), query)
    },
    invalidate: ({ version = 0 } = {}) => {
      changes += 1
      newestVersion = Math.max(newestVersion, version)
      known = undefined
    },
  }
}

function channelOf(
  { channels }: Catalog,
  { channelId, model }: ChannelQuery,
): KnownChannel | undefined {
  const channel = channels.find(({ id }) => id === channelId)
  const upstreamModel = channel?.models.find((offer) => offer.model === model)?.upstreamModel
  if (!channel || upstreamModel === undefined) return undefined
  const { dialect, baseUrl, settings } = channel
  return { dialect, baseUrl, settings, upstreamModel }
}
