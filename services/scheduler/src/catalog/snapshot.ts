import type { Channel, ModelKind } from './channel.ts'
import type { Credential } from './credential.ts'

/** The whole catalog at one version; immutable. */
export interface CatalogSnapshot {
  version: number
  channels: readonly Channel[]
  /** Channels by kind and model, including disabled ones. */
  serving: ReadonlyMap<string, readonly Channel[]>
  credentials: ReadonlyMap<string, Credential>
}

/** Indexes the catalog once per change instead of once per lease. */
export function indexCatalog({
  version,
  channels,
}: {
  version: number
  channels: readonly Channel[]
}): CatalogSnapshot {
  const serving = new Map<string, Channel[]>()
  for (const channel of channels) {
    for (const { model, kinds } of channel.models) {
      for (const kind of kinds) {
        const key = servingKey({ model, kind })
        serving.set(key, [...(serving.get(key) ?? []), channel])
      }
    }
  }
  const credentials = channels.flatMap((channel) => channel.credentials)
  const byId = new Map(credentials.map((credential) => [credential.id, credential]))
  return { version, channels, serving, credentials: byId }
}

export function channelsServing(
  snapshot: CatalogSnapshot,
  selector: { model: string; kind: ModelKind },
): readonly Channel[] {
  return snapshot.serving.get(servingKey(selector)) ?? []
}

const servingKey = ({ model, kind }: { model: string; kind: ModelKind }) => `${kind}:${model}`
