import type { KeyStore, NewKey, NewUser, StoredKey } from './key-store.ts'

/** The twin for tests. `told` lists what a real store would have put into the outbox. */
export function memoryKeyStore(): KeyStore & { told: string[] } {
  const keys = new Map<string, NewKey & { revokedAt: Date | null }>()
  const users = new Map<string, NewUser>()
  const panelKeys = new Map<string, { id: string; wallet: string }>()
  const told: string[] = []
  return {
    told,
    async findByHash(hash): Promise<StoredKey | undefined> {
      const key = keys.get(hash)
      if (!key) return undefined
      const { id, wallet, rpmLimit, models, expiresAt, revokedAt } = key
      return { id, wallet, rpmLimit, models, expiresAt, revokedAt }
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
    async insertUser(user) {
      const email = user.email.toLowerCase()
      const known = users.get(email)
      if (!known) users.set(email, { ...user, email })
      const { id, wallet } = known ?? user
      return { id, email, wallet, fresh: known === undefined }
    },
    async findUserByEmail(email) {
      const user = users.get(email.toLowerCase())
      return user && { id: user.id, email: user.email, wallet: user.wallet }
    },
  }
}
