import type {
  NewKey,
  UserApiKey,
  OwnedKeyRef,
  UserApiKeyRepository,
} from './user-api-key-repository.ts'

export interface MemoryKey extends NewKey {
  revokedAt: Date | null
  lastUsedAt: Date | null
}

const TOUCH_EVERY_MS = 60_000

/** The part of the in-memory store that users' own requests use. `keys` are by hash. */
export function memoryUserApiKeys({
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
        .map(toUserApiKey)
    },
    async findKey(ref) {
      const key = find(ref)
      return key && toUserApiKey(key)
    },
    async insertIfUnderLimit(key, { liveMax }) {
      const live = [...keys.values()].filter((one) => one.userId === key.userId && !one.revokedAt)
      if (live.length >= liveMax) return false
      keys.set(key.hash, { ...key, revokedAt: null, lastUsedAt: null })
      return true
    },
    async editKey(ref, { changes }) {
      const key = find(ref)
      if (!key) return undefined
      if (key.revokedAt) return 'revoked'
      const changed = Object.entries(changes).filter(([, value]) => value !== undefined)
      if (changed.length > 0) publishedKeys.push(key.id)
      Object.assign(key, Object.fromEntries(changed))
      return toUserApiKey(key)
    },
    async revokeOwnKey(ref, { at }) {
      const key = find(ref)
      if (!key) return undefined
      if (key.revokedAt) return 'known'
      key.revokedAt = at
      publishedKeys.push(key.id)
      return 'revoked'
    },
    async touchLastUsed(uses) {
      for (const { apiKeyId, at } of uses) {
        const key = [...keys.values()].find(({ id }) => id === apiKeyId)
        const touchedMs = key?.lastUsedAt?.getTime() ?? Number.NEGATIVE_INFINITY
        if (key && touchedMs < at.getTime() - TOUCH_EVERY_MS) key.lastUsedAt = at
      }
    },
  }
}

const toUserApiKey = (key: MemoryKey): UserApiKey => {
  const { hash: _hash, userId: _user, wallet: _wallet, ...own } = key
  return own
}
