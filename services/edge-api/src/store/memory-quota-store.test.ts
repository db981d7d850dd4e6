import { memoryQuotaStore } from './memory-quota-store.ts'
import { quotaStoreContract } from './quota-store.contract.ts'

quotaStoreContract(async () => {
  const quotas = new Map<string, bigint | null>()
  return {
    store: memoryQuotaStore({ quotaOf: (apiKeyId) => quotas.get(apiKeyId) ?? null }),
    setQuota: async (apiKeyId, quotaMicro) => void quotas.set(apiKeyId, quotaMicro),
  }
})
