import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import { repeat } from '@sluice/service-kit/repeat'

import type { Authenticator } from '../auth/authenticate.ts'
import type { RevisionStore } from '../store/revision-store.ts'
import type { CatalogCache } from '../routing/refresh-catalog.ts'

/** When more keys than this changed at once, all keys are invalidated. */
const CHANGED_KEYS_MAX = 1_000

export interface WatchRevisionsDeps {
  revisionStore: RevisionStore
  catalog: Pick<CatalogCache, 'ensureRevisions'>
  authenticator: Pick<Authenticator, 'invalidate' | 'invalidateAll'>
  clock: Clock
  log: Log
  everyMs: number
}

export interface RevisionWatch {
  /** Polls once, and then every `everyMs`. Resolves also when the database is unavailable. */
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Polls the committed revisions, in case change events on the bus are lost. One small query per round; more
 * is read only when a revision has changed.
 */
export function watchRevisions(deps: WatchRevisionsDeps): RevisionWatch {
  const { revisionStore, catalog, clock, log, everyMs } = deps
  const followKeys = keyFollower(deps)
  const run = async () => {
    const { catalog: version, prices, apiKeys } = await revisionStore.readRevisions()
    // Not awaited: a slow scheduler must not delay the keys.
    void catalog.ensureRevisions({ version, prices })
    await followKeys(apiKeys)
  }
  let rounds: ReturnType<typeof repeat> | undefined
  return {
    start: async () => {
      rounds = repeat({ name: 'watch-revisions', everyMs, run, clock, log })
      await rounds.now()
    },
    stop: async () => rounds?.stop(),
  }
}

function keyFollower({
  revisionStore,
  authenticator,
}: Pick<WatchRevisionsDeps, 'revisionStore' | 'authenticator'>) {
  let followed: number | undefined
  return async (revision: number): Promise<void> => {
    if (followed === revision) return
    if (followed === undefined || revision < followed) {
      // The first poll, or a different database (a restored backup): every cached decision may be stale.
      authenticator.invalidateAll()
    } else {
      const query = { since: followed, limit: CHANGED_KEYS_MAX }
      const changed = await revisionStore.listChangedKeys(query)
      // The newest revision is missing from the rows when its row was deleted.
      const isWhole = (changed[0]?.revision ?? 0) >= revision && changed.length < CHANGED_KEYS_MAX
      if (isWhole) authenticator.invalidate(changed.map(({ id }) => id))
      else authenticator.invalidateAll()
    }
    followed = revision
  }
}
