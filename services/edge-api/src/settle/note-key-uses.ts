import type { Log } from '@sluice/kernel/log'
import { LRUCache } from 'lru-cache'

import type { RequestRecord } from '../request.ts'
import type { KeyStore } from '../store/key-store.ts'
import type { RequestLogStore } from '../store/request-log-store.ts'

/** People read it to the minute. */
const NOTED_EVERY_MS = 60_000
const KEYS_MAX = 50_000

type LogAppend = Pick<RequestLogStore, 'append'>

/**
 * The request log, after whose batches the keys know when they were last used: one write for all keys of a
 * batch, at most one a minute for a key. Should it fail, the next batch after a minute says it.
 */
export function noteKeyUses(
  store: LogAppend,
  { keyStore, log }: { keyStore: Pick<KeyStore, 'touchLastUsed'>; log: Log },
): LogAppend {
  const noted = new LRUCache<string, number>({ max: KEYS_MAX })
  return {
    async append(records) {
      await store.append(records)
      const uses = lastUses(records).filter(
        ([apiKeyId, atMs]) => atMs - (noted.get(apiKeyId) ?? -Infinity) > NOTED_EVERY_MS,
      )
      if (uses.length === 0) return
      for (const [apiKeyId, atMs] of uses) noted.set(apiKeyId, atMs)
      try {
        await keyStore.touchLastUsed(
          uses.map(([apiKeyId, atMs]) => ({ apiKeyId, at: new Date(atMs) })),
        )
      } catch (err) {
        log.warn({ err, keys: uses.length }, 'it was not noted when API keys were last used')
      }
    },
  }
}

function lastUses(records: readonly RequestRecord[]): [apiKeyId: string, atMs: number][] {
  const last = new Map<string, number>()
  for (const { apiKeyId, receivedAtMs } of records)
    if (apiKeyId !== null && receivedAtMs > (last.get(apiKeyId) ?? -Infinity))
      last.set(apiKeyId, receivedAtMs)
  return [...last]
}
