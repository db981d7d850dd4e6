import type { CredentialStatus } from './eligibility/eligibility.ts'
import { idleStatus } from './eligibility/eligibility.ts'
import type { PoolStore } from './store/pool-store.ts'
import { READ_MAX } from './store/pool-store.ts'

/**
 * The status of credentials cached by this replica: its own changes, and those of other replicas from the last
 * read. It is used to order candidates; the pool decides about leases.
 */
export interface PoolCache {
  statuses(): ReadonlyMap<string, CredentialStatus>
  /** Merges fields from a response of the pool. */
  update(credentialId: string, facts: Partial<CredentialStatus>): void
  /** Reads these credentials and drops all others. */
  refresh(credentialIds: readonly string[]): Promise<void>
}

export function createPoolCache({ store }: { store: Pick<PoolStore, 'read'> }): PoolCache {
  let statuses = new Map<string, CredentialStatus>()
  return {
    statuses: () => statuses,
    update: (credentialId, facts) => {
      const before = statuses.get(credentialId) ?? idleStatus
      statuses.set(credentialId, { ...before, ...facts })
    },
    refresh: async (credentialIds) => {
      const loaded = new Map<string, CredentialStatus>()
      for (let from = 0; from < credentialIds.length; from += READ_MAX) {
        const page = await store.read(credentialIds.slice(from, from + READ_MAX))
        for (const [id, status] of page) loaded.set(id, status)
      }
      statuses = loaded
    },
  }
}
