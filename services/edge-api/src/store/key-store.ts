import type { NewKey, UserApiKeyRepository } from './user-api-key-repository.ts'

/** An API key with what authentication needs. */
export interface StoredKey {
  id: string
  wallet: string
  rpmLimit: number | null
  /** Public model names; null is all. */
  models: string[] | null
  /** Networks that it may be used from, as `normalizeNetwork` writes them; null is any. */
  networks: string[] | null
  /** Micro-credits per UTC day. */
  dailyQuotaMicro: bigint | null
  expiresAt: Date | null
  revokedAt: Date | null
  /** Set when the owner is banned: the key is rejected. */
  ownerBannedAt: Date | null
}

export interface NewPanelKey {
  /** Used only if the user has no panel key yet. */
  id: string
  userId: string
  wallet: string
  /** Random: the hash of no key. */
  hash: string
  createdAt: Date
}

/** API keys. Rejects with `unavailable` when the database is unavailable. */
export interface KeyStore extends UserApiKeyRepository {
  /** By the hash of the key; undefined when there is none. Revoked and expired keys are found too. */
  findByHash(hash: string): Promise<StoredKey | undefined>
  /** Writes a key once: for a known hash returns the existing key. */
  insertKey(key: NewKey): Promise<{ id: string; created: boolean }>
  /**
   * Revokes a key, and writes the outbox row `api-key-changed` in the same transaction. False when there is
   * no such key, or it was already revoked.
   */
  revokeKey(input: { id: string; at: Date }): Promise<boolean>
  /**
   * The user's panel key, inserted at first use; concurrent calls return the same row. It has no limits and
   * no secret: no key has its `hash`. It is not listed and never revoked.
   */
  ensurePanelKey(key: NewPanelKey): Promise<{ id: string; wallet: string }>
}
