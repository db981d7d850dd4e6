export interface NewKey {
  id: string
  /** The owner. */
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

/** The editable fields of a key. Absent fields are not changed; null removes a limit. */
export interface KeyChanges {
  name?: string | undefined
  rpmLimit?: number | null | undefined
  dailyQuotaMicro?: bigint | null | undefined
  models?: string[] | null | undefined
  networks?: string[] | null | undefined
  expiresAt?: Date | null | undefined
}

/** A key as its owner may see it. */
export interface UserApiKey {
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
 * A user's own keys: other users' keys and panel keys are not found. Every change writes the outbox row
 * `api-key-changed` in the same transaction.
 */
export interface UserApiKeyRepository {
  /** Newest first, with ids below `before`; revoked ones too. */
  listKeys(input: {
    userId: string
    before?: string | undefined
    limit: number
  }): Promise<UserApiKey[]>
  findKey(ref: OwnedKeyRef): Promise<UserApiKey | undefined>
  /** False when the user has `liveMax` keys that are not revoked. */
  insertIfUnderLimit(key: NewKey, limit: { liveMax: number }): Promise<boolean>
  /** `revoked`: the key can no longer be changed. Undefined: no such key. */
  editKey(
    ref: OwnedKeyRef,
    input: { changes: KeyChanges; at: Date },
  ): Promise<UserApiKey | 'revoked' | undefined>
  /** `known`: it was already revoked. Undefined: no such key. */
  revokeOwnKey(ref: OwnedKeyRef, input: { at: Date }): Promise<'revoked' | 'known' | undefined>
  /** Updates `lastUsedAt` where it is older than a minute. */
  touchLastUsed(uses: readonly { apiKeyId: string; at: Date }[]): Promise<void>
}
