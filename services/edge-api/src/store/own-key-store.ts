export interface NewKey {
  id: string
  /** Whose key it is. */
  userId: string
  wallet: string
  /** Lower-case hex of HMAC-SHA256 under the pepper. */
  hash: string
  /** The visible start of the key. */
  prefix: string
  name: string
  rpmLimit: number | null
  models: string[] | null
  networks: string[] | null
  dailyQuotaMicro: bigint | null
  expiresAt: Date | null
  createdAt: Date
}

/** What may be changed of a key. What is not named stays as it is; null lifts a limit. */
export interface KeyChanges {
  name?: string | undefined
  rpmLimit?: number | null | undefined
  dailyQuotaMicro?: bigint | null | undefined
  models?: string[] | null | undefined
  networks?: string[] | null | undefined
  expiresAt?: Date | null | undefined
}

/** A key as its owner sees it. */
export interface OwnKey {
  id: string
  name: string
  prefix: string
  rpmLimit: number | null
  dailyQuotaMicro: bigint | null
  models: string[] | null
  networks: string[] | null
  expiresAt: Date | null
  createdAt: Date
  lastUsedAt: Date | null
  revokedAt: Date | null
}

export interface OwnedKeyRef {
  userId: string
  id: string
}

/**
 * A person's own keys: another's are not there, nor are panel keys. Every change writes the outbox row
 * `api-key-changed` in its transaction.
 */
export interface UserApiKeyRepository {
  /** Newest first, with ids below `before`; revoked ones too. */
  listKeys(input: { userId: string; before?: string | undefined; limit: number }): Promise<OwnKey[]>
  findKey(name: OwnedKeyRef): Promise<OwnKey | undefined>
  /** False when the person has `liveMax` keys that are not revoked. */
  insertIfUnderLimit(key: NewKey, limit: { liveMax: number }): Promise<boolean>
  /** `revoked`: nothing of it can be changed any more. Undefined: there is none. */
  editKey(
    name: OwnedKeyRef,
    input: { changes: KeyChanges; at: Date },
  ): Promise<OwnKey | 'revoked' | undefined>
  /** `known`: it was revoked before. Undefined: there is none. */
  revokeOwnKey(name: OwnedKeyRef, input: { at: Date }): Promise<'revoked' | 'known' | undefined>
  /** Moves `lastUsedAt` forward, where it is older than a minute. */
  touchLastUsed(uses: readonly { apiKeyId: string; at: Date }[]): Promise<void>
}
