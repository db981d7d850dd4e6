import type { CredentialStatus } from './eligibility/eligible.ts'
import { idleStatus } from './eligibility/eligible.ts'
import type { PoolStore } from './store/pool-store.ts'
import { READ_MAX } from './store/pool-store.ts'

/**
 * Where credentials stand, as far as this replica knows: what it did itself, and what it read of the
 * others a moment ago. Good enough to choose by; the pool decides.
 */
export interface KnownPool {
  standings(): ReadonlyMap<string, CredentialStatus>
  /** What an answer of the pool has just told. */
  learn(credentialId: string, facts: Partial<CredentialStatus>): void
  /** Reads these credentials, and forgets all others. */
  refresh(credentialIds: readonly string[]): Promise<void>
}

export function createKnownPool({ store }: { store: Pick<PoolStore, 'read'> }): KnownPool {
  let standings = new Map<string, CredentialStatus>()
  return {
    standings: () => standings,
    learn: (credentialId, facts) => {
      const before = standings.get(credentialId) ?? idleStatus
      standings.set(credentialId, { ...before, ...facts })
    },
    refresh: async (credentialIds) => {
      const fresh = new Map<string, CredentialStatus>()
      for (let from = 0; from < credentialIds.length; from += READ_MAX) {
        const page = await store.read(credentialIds.slice(from, from + READ_MAX))
        for (const [id, status] of page) fresh.set(id, status)
      }
      standings = fresh
    },
  }
}
