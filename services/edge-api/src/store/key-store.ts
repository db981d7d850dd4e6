import type { NewKey, UserApiKeyRepository } from './own-key-store.ts'

/** An API key as authentication finds it. */
export interface StoredKey {
  id: string
  wallet: string
  rpmLimit: number | null
  /** Public model names; null is all. */
  models: string[] | null
  /** Where it may be used from, as `normalNetwork` writes it; null is everywhere. */
  networks: string[] | null
  /** Micro-credits a day of UTC. */
  dailyQuotaMicro: bigint | null
  expiresAt: Date | null
  revokedAt: Date | null
  /** The keys of a banned person do not work. */
  ownerBannedAt: Date | null
}

export interface NewPanelKey {
  /** Unless the user has one already. */
  id: string
  userId: string
  wallet: string
  /** Random: no key has it. */
  hash: string
  createdAt: Date
}

/** API keys. Rejects with `unavailable` when the database is away. */
export interface KeyStore extends UserApiKeyRepository {
  /** By the hash of the key; undefined when there is none. Revoked and expired keys are found too. */
  findByHash(hash: string): Promise<StoredKey | undefined>
  /** Writes a key once: the same hash again answers the key that is there. */
  insertKey(key: NewKey): Promise<{ id: string; created: boolean }>
  /**
   * Revokes, and writes the outbox row `api-key-changed` with it. False when there is no such key, or
   * it was revoked before.
   */
  revokeKey(input: { id: string; at: Date }): Promise<boolean>
  /**
   * The user's panel key, written at its first use; whoever comes second gets the row that is there. It
   * has no limits and no secret: `hash` is of nothing. Not shown, never revoked.
   */
  ensurePanelKey(key: NewPanelKey): Promise<{ id: string; wallet: string }>
}
