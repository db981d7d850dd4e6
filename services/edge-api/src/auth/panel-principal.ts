import { newId } from '@sluice/kernel/ids'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../http/request.ts'

const USERS_MAX = 20_000
const HASH_BYTES = 32

/** The principal of the requests that a signed-in user makes in the panel. Throws `unavailable`. */
export type PanelPrincipal = (user: { userId: string; wallet: string }) => Promise<Principal>

/**
 * Creates `panelPrincipal`: it uses the user's hidden panel key, which is inserted at its first use and then
 * cached. The key never changes: it has no limits and cannot be revoked. Access is controlled by the user's
 * session.
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
