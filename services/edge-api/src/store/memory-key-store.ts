import type { KeyStore, NewKey, StoredKey } from './key-store.ts'
import type { TellKeys } from './memory-identity-store.ts'

/**
 * The twin for tests. `told` lists what a real store would have put into the outbox; `tellKeys` is what the
 * twin of the identity store calls when a person's ban comes or goes.
 */
export function memoryKeyStore(): KeyStore & { told: string[]; tellKeys: TellKeys } {
  const keys = new Map<string, NewKey & { revokedAt: Date | null }>()
  const bans = new Map<string, Date>()
  const panelKeys = new Map<string, { id: string; wallet: string }>()
  const told: string[] = []
  return {
    told,
    tellKeys({ userId, bannedAt }) {
      if (bannedAt) bans.set(userId, bannedAt)
      else bans.delete(userId)
      const own = [...keys.values()].filter((key) => key.userId === userId && !key.revokedAt)
      told.push(...own.map(({ id }) => id))
      return own.map(({ id }) => id)
    },
    async findByHash(hash): Promise<StoredKey | undefined> {
      const key = keys.get(hash)
      if (!key) return undefined
      const { id, wallet, rpmLimit, models, expiresAt, revokedAt } = key
      const ownerBannedAt = bans.get(key.userId) ?? null
      return { id, wallet, rpmLimit, models, expiresAt, revokedAt, ownerBannedAt }
    },
    async insertKey(key) {
      const known = keys.get(key.hash)
      if (known) return { id: known.id, fresh: false }
      keys.set(key.hash, { ...key, revokedAt: null })
      return { id: key.id, fresh: true }
    },
    async revokeKey({ id, at }) {
      const key = [...keys.values()].find((one) => one.id === id)
      if (!key || key.revokedAt) return false
      key.revokedAt = at
      told.push(id)
      return true
    },
    async ensurePanelKey({ id, userId, wallet }) {
      const known = panelKeys.get(userId) ?? { id, wallet }
      panelKeys.set(userId, known)
      return known
    },
  }
}
