import type { NewKey, OwnKey, OwnedKeyRef, UserApiKeyRepository } from './own-key-store.ts'

export interface MemoryKey extends NewKey {
  revokedAt: Date | null
  lastUsedAt: Date | null
}

const NOTED_EVERY_MS = 60_000

/** The part of the twin that people's own requests use. `keys` are by hash. */
export function memoryOwnKeys({
  keys,
  publishedKeys,
}: {
  keys: Map<string, MemoryKey>
  publishedKeys: string[]
}): UserApiKeyRepository {
  const find = ({ userId, id }: OwnedKeyRef) =>
    [...keys.values()].find((key) => key.id === id && key.userId === userId)
  return {
    async listKeys({ userId, before, limit }) {
      return [...keys.values()]
        .filter((key) => key.userId === userId && (before === undefined || key.id < before))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit)
        .map(shown)
    },
    async findKey(name) {
      const key = find(name)
      return key && shown(key)
    },
    async insertIfUnderLimit(key, { liveMax }) {
      const live = [...keys.values()].filter((one) => one.userId === key.userId && !one.revokedAt)
      if (live.length >= liveMax) return false
      keys.set(key.hash, { ...key, revokedAt: null, lastUsedAt: null })
      return true
    },
    async editKey(name, { changes }) {
      const key = find(name)
      if (!key) return undefined
      if (key.revokedAt) return 'revoked'
      const named = Object.entries(changes).filter(([, value]) => value !== undefined)
      if (named.length > 0) publishedKeys.push(key.id)
      Object.assign(key, Object.fromEntries(named))
      return shown(key)
    },
    async revokeOwnKey(name, { at }) {
      const key = find(name)
      if (!key) return undefined
      if (key.revokedAt) return 'known'
      key.revokedAt = at
      publishedKeys.push(key.id)
      return 'revoked'
    },
    async touchLastUsed(uses) {
      for (const { apiKeyId, at } of uses) {
        const key = [...keys.values()].find(({ id }) => id === apiKeyId)
        const notedMs = key?.lastUsedAt?.getTime() ?? Number.NEGATIVE_INFINITY
        if (key && notedMs < at.getTime() - NOTED_EVERY_MS) key.lastUsedAt = at
      }
    },
  }
}

const shown = (key: MemoryKey): OwnKey => {
  const { hash: _hash, userId: _user, wallet: _wallet, ...own } = key
  return own
}
