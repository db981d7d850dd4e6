import type { KeyOwner, KeyOwnerStore } from './key-owner-store.ts'

/** In-memory implementation for tests: holds these keys and their owners' wallets. */
export function memoryKeyOwnerStore(
  known: readonly (KeyOwner & { wallet: string })[],
): KeyOwnerStore {
  return {
    findOwners: async (apiKeyIds) =>
      new Map(
        known
          .filter(({ apiKeyId }) => apiKeyIds.includes(apiKeyId))
          .map(({ apiKeyId, name, prefix, isPanelKey, user }) => [
            apiKeyId,
            { apiKeyId, name, prefix, isPanelKey, user },
          ]),
      ),
    walletOf: async (userId) => known.find(({ user }) => user.id === userId)?.wallet,
  }
}
