import { newId } from '@sluice/kernel/ids'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../request.ts'

const USERS_MAX = 20_000
const HASH_BYTES = 32

/** The principal under which a signed-in person's own requests run. Throws `unavailable`. */
export type PanelPrincipal = (user: { userId: string; wallet: string }) => Promise<Principal>

/**
 * Makes `panelPrincipal`: the person's hidden panel key, written at its first use and then known to this
 * process. It never changes: it has no limits and cannot be revoked. Whether the person may come in is
 * their session's business.
 */
export function createPanelPrincipal(
  deps: Pick<EdgeDeps, 'keyStore' | 'clock' | 'random'>,
): PanelPrincipal {
  const known = new LRUCache<string, Principal>({ max: USERS_MAX })
  const flights = singleFlight<Principal>()
  const ensure = async (userId: string, wallet: string) => {
    const key = await deps.keyStore.ensurePanelKey({
      id: newId('key', deps),
      userId,
      wallet,
      hash: Buffer.from(deps.random.bytes(HASH_BYTES)).toString('hex'),
      createdAt: deps.clock.now(),
    })
    const principal = unlimited(key)
    known.set(userId, principal)
    return principal
  }
  return async ({ userId, wallet }) =>
    known.get(userId) ?? flights.run(userId, () => ensure(userId, wallet))
}

const unlimited = ({ id, wallet }: { id: string; wallet: string }): Principal =>
  Object.freeze({
    apiKeyId: id,
    wallet,
    rpmLimit: null,
    models: null,
    networks: null,
    dailyQuotaMicro: null,
  })
