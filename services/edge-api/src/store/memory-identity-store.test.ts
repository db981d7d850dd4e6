import { identityStoreContract } from './identity-store.contract.ts'
import { memoryIdentityStore } from './memory-identity-store.ts'
import { peopleListContract } from './people-list.contract.ts'

identityStoreContract(async () => {
  const keys: { id: string; userId: string; revoked: boolean }[] = []
  const told: string[] = []
  const store = memoryIdentityStore({
    tellKeys: ({ userId }) => {
      const changed = keys.filter((key) => key.userId === userId && !key.revoked)
      told.push(...changed.map(({ id }) => id))
      return changed.map(({ id }) => id)
    },
  })
  return { store, addKey: async (key) => void keys.push(key), told: async () => told }
})

peopleListContract(async () => memoryIdentityStore())
