import type { Log } from '@sluice/kernel/log'
import { LRUCache } from 'lru-cache'

import type { RequestRecord } from '../http/request.ts'
import type { KeyStore } from '../store/key-store.ts'
import type { RequestLogStore } from '../store/request-log-store.ts'

/** The panel shows the last use with a precision of minutes. */
const TOUCH_EVERY_MS = 60_000
const KEYS_MAX = 50_000

type LogAppend = Pick<RequestLogStore, 'append'>

/**
 * Wraps the request log store: after each batch it updates the last use of the API keys in it, with one write
 * per batch, at most once a minute per key. A failed update is retried by the first batch after a minute.
 */
export function touchUsedKeys(
  store: LogAppend,
  { keyStore, log }: { keyStore: Pick<KeyStore, 'touchLastUsed'>; log: Log },
): LogAppend {
  const touched = new LRUCache<string, number>({ max: KEYS_MAX })
  return {
    async append(records) {
      await store.append(records)
      const uses = lastUses(records).filter(
        ([apiKeyId, atMs]) => atMs - (touched.get(apiKeyId) ?? -Infinity) > TOUCH_EVERY_MS,
      )
      if (uses.length === 0) return
      for (const [apiKeyId, atMs] of uses) touched.set(apiKeyId, atMs)
      try {
        await keyStore.touchLastUsed(
          uses.map(([apiKeyId, atMs]) => ({ apiKeyId, at: new Date(atMs) })),
        )
      } catch (err) {
        log.warn({ err, keys: uses.length }, 'the last use of API keys was not updated')
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
