/** Who stands behind an API key. */
export interface KeyOwner {
  apiKeyId: string
  name: string
  /** The visible start of the key. */
  prefix: string
  /** True for the hidden key under which a signed-in person draws. */
  isPanelKey: boolean
  user: { id: string; email: string }
}

/** Who asked, for lists that people read. Rejects with `unavailable` when the database is away. */
export interface KeyOwnerStore {
  /** By the key's id, also of revoked keys; of an id that is no key's there is nothing. */
  findOwners(apiKeyIds: readonly string[]): Promise<Map<string, KeyOwner>>
  /** Undefined when there is no such user. */
  walletOf(userId: string): Promise<string | undefined>
}
