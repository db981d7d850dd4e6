import type { PriceRow } from '@sluice/contracts/prices'
import type { Catalog, CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'

/** A channel that serves a model, with the channel's entry for it. */
export interface Candidate {
  readonly channel: CatalogChannel
  readonly model: ChannelModel
}

/** All candidates for a public model name, by descending priority. */
export interface ModelRoutes {
  readonly model: string
  readonly chat: readonly Candidate[]
  readonly image: readonly Candidate[]
}

/** Channels, models and prices at one point in time. Immutable: replaced as a whole by a newer one. */
export interface CatalogSnapshot {
  /** The scheduler's version of the channels. */
  readonly version: number
  readonly prices: PriceBook
  /** All channels, disabled ones included. */
  readonly channels: readonly CatalogChannel[]
  /** Public model names of enabled channels, in alphabetical order. */
  readonly models: readonly string[]
  routesOf(model: string): ModelRoutes | undefined
}

/** Access to the current snapshot. */
export interface CatalogReader {
  /** Throws `unavailable` before the first snapshot is loaded. */
  current(): CatalogSnapshot
}

/** Builds the snapshot, with an index of candidates by model. */
export function catalogSnapshot(catalog: Catalog, prices: readonly PriceRow[]): CatalogSnapshot {
  const routes = new Map<string, { model: string; chat: Candidate[]; image: Candidate[] }>()
  const byPriority = [...catalog.channels].sort((a, b) => b.priority - a.priority)
  for (const channel of byPriority) {
    if (!channel.enabled) continue
    for (const model of channel.models) {
      const known = routes.get(model.model) ?? { model: model.model, chat: [], image: [] }
      routes.set(model.model, known)
      for (const kind of model.kinds) known[kind].push({ channel, model })
    }
  }
  return {
    version: catalog.version,
    prices: priceBook(prices),
    channels: catalog.channels,
    models: [...routes.keys()].sort(),
    routesOf: (model) => routes.get(model),
  }
}
