import { identityStoreContract } from './identity-store.contract.ts'
import { memoryIdentityStore } from './memory-identity-store.ts'
import { userListContract } from './user-list.contract.ts'

identityStoreContract(async () => {
  const keys: { id: string; userId: string; revoked: boolean }[] = []
  const outboxKeys: string[] = []
  const store = memoryIdentityStore({
    enqueueKeyChanges: ({ userId }) => {
      const changed = keys.filter((key) => key.userId === userId && !key.revoked)
      outboxKeys.push(...changed.map(({ id }) => id))
      return changed.map(({ id }) => id)
    },
  })
  return { store, addKey: async (key) => void keys.push(key), outboxKeys: async () => outboxKeys }
})

userListContract(async () => memoryIdentityStore())
