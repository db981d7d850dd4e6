/** The owner of an API key. */
export interface KeyOwner {
  apiKeyId: string
  name: string
  /** The visible start of the key. */
  prefix: string
  /** True for the hidden key that is used for the panel's own requests. */
  isPanelKey: boolean
  user: { id: string; email: string }
}

/** Owners of keys, for lists in the panel. Rejects with `unavailable` when the database is unavailable. */
export interface KeyOwnerStore {
  /** By the key's id, also of revoked keys; unknown ids are omitted. */
  findOwners(apiKeyIds: readonly string[]): Promise<Map<string, KeyOwner>>
  /** Undefined when there is no such user. */
  walletOf(userId: string): Promise<string | undefined>
}
