import { AppError } from '@sluice/kernel/app-error'
import { singleFlight } from '@sluice/kernel/single-flight'
import type { Sealer } from '@sluice/sealing/sealer'

import type { CatalogSnapshot } from './catalog/snapshot.ts'
import { indexCatalog } from './catalog/snapshot.ts'
import { flagUnopenableSecrets } from './catalog/flag-unopenable-secrets.ts'
import type { CatalogStore, LastingHealth } from './store/catalog-store.ts'

/** The catalog in memory, so that a lease needs no query. It stays in use while the database is unavailable. */
export interface CatalogCache {
  /** Throws `unavailable` before the first load. */
  current(): CatalogSnapshot
  /** Loads it again; a load of an older version than the cached one is ignored. */
  reload(): Promise<void>
  /** Loads it again if its version has changed. */
  refresh(): Promise<void>
  /** Loads it again if the cached version is older than this one. */
  ensureVersion(version: number): Promise<void>
  /** Applies cooldowns that were written to the rows, without reading the rows again. */
  applyCooldowns(rows: readonly LastingHealth[]): void
}

export function createCatalogCache({
  store,
  sealer,
}: {
  store: Pick<CatalogStore, 'load' | 'readVersion'>
  sealer: Pick<Sealer, 'open'>
}): CatalogCache {
  let cached: CatalogSnapshot | undefined
  const loads = singleFlight<void>()

  const reload = async () => {
    const loaded = await store.load()
    if (cached === undefined || loaded.version >= cached.version) {
      const channels = loaded.channels.map((channel) => flagUnopenableSecrets(channel, sealer))
      cached = indexCatalog({ ...loaded, channels })
    }
  }
  return {
    current: () => {
      if (cached !== undefined) return cached
      throw new AppError('unavailable', 'the catalog is not loaded yet', { retryAfterMs: 1_000 })
    },
    reload,
    refresh: async () => {
      if ((await store.readVersion()) !== cached?.version) await reload()
    },
    ensureVersion: async (version) => {
      if (cached !== undefined && cached.version >= version) return
      // Edges request it at the same time, after the same announcement: they share one load, which begins
      // after that version was committed.
      await loads.run(String(version), reload)
    },
    applyCooldowns: (rows) => {
      if (cached === undefined) return
      const byId = new Map(rows.map((row) => [row.credentialId, row]))
      const channels = cached.channels.map((channel) => ({
        ...channel,
        credentials: channel.credentials.map((credential) => {
          const row = byId.get(credential.id)
          const isLater = (row?.coolingUntil ?? 0) > (credential.coolingUntil ?? 0)
          return row?.epoch === credential.epoch && isLater
            ? { ...credential, coolingUntil: row.coolingUntil }
            : credential
        }),
      }))
      cached = indexCatalog({ version: cached.version, channels })
    },
  }
}
