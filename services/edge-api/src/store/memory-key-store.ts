import type { KeyStore, StoredKey } from './key-store.ts'
import type { MemoryKey } from './memory-user-api-keys.ts'
import { memoryUserApiKeys } from './memory-user-api-keys.ts'
import type { EnqueueKeyChanges } from './memory-identity-store.ts'

/**
 * In-memory implementation for tests. `publishedKeys` lists the keys that a real store would have written to
 * the outbox. The memory identity store calls `enqueueKeyChanges` when a user's ban changes.
 */
export interface MemoryKeyStore extends KeyStore {
  publishedKeys: string[]
  enqueueKeyChanges: EnqueueKeyChanges
  /** For the memory quota store. */
  quotaOf(apiKeyId: string): bigint | null
}

export function memoryKeyStore(): MemoryKeyStore {
  const keys = new Map<string, MemoryKey>()
  const bans = new Map<string, Date>()
  const panelKeys = new Map<string, { id: string; wallet: string }>()
  const publishedKeys: string[] = []
  return {
    ...memoryUserApiKeys({ keys, publishedKeys }),
    publishedKeys,
    quotaOf: (apiKeyId) =>
      [...keys.values()].find(({ id }) => id === apiKeyId)?.dailyQuotaMicro ?? null,
    enqueueKeyChanges({ userId, bannedAt }) {
      if (bannedAt) bans.set(userId, bannedAt)
      else bans.delete(userId)
      const own = [...keys.values()].filter((key) => key.userId === userId && !key.revokedAt)
      publishedKeys.push(...own.map(({ id }) => id))
      return own.map(({ id }) => id)
    },
    async findByHash(hash): Promise<StoredKey | undefined> {
      const key = keys.get(hash)
      if (!key) return undefined
      const { id, wallet, rpmLimit, models, networks, dailyQuotaMicro } = key
      const { expiresAt, revokedAt } = key
      const ownerBannedAt = bans.get(key.userId) ?? null
      const limits = { rpmLimit, models, networks, dailyQuotaMicro, expiresAt }
      return { id, wallet, ...limits, revokedAt, ownerBannedAt }
    },
    async insertKey(key) {
      const known = keys.get(key.hash)
      if (known) return { id: known.id, created: false }
      keys.set(key.hash, { ...key, revokedAt: null, lastUsedAt: null })
      return { id: key.id, created: true }
    },
    async revokeKey({ id, at }) {
      const key = [...keys.values()].find((one) => one.id === id)
      if (!key || key.revokedAt) return false
      key.revokedAt = at
      publishedKeys.push(id)
      return true
    },
    async ensurePanelKey({ id, userId, wallet }) {
      const known = panelKeys.get(userId) ?? { id, wallet }
      panelKeys.set(userId, known)
      return known
    },
  }
}
