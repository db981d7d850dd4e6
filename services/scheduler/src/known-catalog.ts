import { AppError } from '@sluice/kernel/app-error'
import { singleFlight } from '@sluice/kernel/single-flight'
import type { Sealer } from '@sluice/sealing/sealer'

import type { CatalogSnapshot } from './catalog/snapshot.ts'
import { indexCatalog } from './catalog/snapshot.ts'
import { withOpenable } from './catalog/openable.ts'
import type { CatalogStore } from './store/catalog-store.ts'

/** The catalog in memory, so that a lease costs no query. The last one stays while the database is away. */
export interface KnownCatalog {
  /** Throws `unavailable` before the first load. */
  current(): CatalogSnapshot
  /** Loads it anew; a load that was overtaken by a later one changes nothing. */
  reload(): Promise<void>
  /** Loads it anew if it has changed. */
  refresh(): Promise<void>
  /** Loads it anew if what is known is older than this version. */
  reach(version: number): Promise<void>
}

export function createKnownCatalog({
  store,
  sealer,
}: {
  store: Pick<CatalogStore, 'load' | 'readVersion'>
  sealer: Pick<Sealer, 'open'>
}): KnownCatalog {
  let known: CatalogSnapshot | undefined
  const loads = singleFlight<void>()

  const reload = async () => {
    const loaded = await store.load()
    if (known === undefined || loaded.version >= known.version) {
      const channels = loaded.channels.map((channel) => withOpenable(channel, sealer))
      known = indexCatalog({ ...loaded, channels })
    }
  }
  return {
    current: () => {
      if (known !== undefined) return known
      throw new AppError('unavailable', 'the catalog was not read yet', { retryAfterMs: 1_000 })
    },
    reload,
    refresh: async () => {
      if ((await store.readVersion()) !== known?.version) await reload()
    },
    reach: async (version) => {
      if (known !== undefined && known.version >= version) return
      // Edges ask at the same moment, after the same announcement: one load answers them all, and was
      // begun after that version was committed.
      await loads.run(String(version), reload)
    },
  }
}
