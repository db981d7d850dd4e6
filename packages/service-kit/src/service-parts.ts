import type { Log } from '@sluice/kernel/log'

import type { Part } from './lifecycle.ts'

/** The members of an ioredis client that are used. */
interface RedisClient {
  on(event: 'error', listener: (err: Error) => void): unknown
  connect(): Promise<void>
  disconnect(): void
}

/**
 * The Redis client of a service. It reconnects by itself, so the service starts and runs without Redis; its
 * store decides what is refused until then.
 */
export function redisPart({ redis, log }: { redis: RedisClient; log: Log }): Part {
  redis.on('error', (err) => log.warn({ err }, 'Redis cannot be reached'))
  return {
    name: 'redis',
    start: () => redis.connect().catch(() => log.warn('starting without Redis')),
    stop: async () => redis.disconnect(),
  }
}

/** Serves a contract on the bus while the service runs. `serve` resolves with the function that ends it. */
export function contractPart({ serve }: { serve: () => Promise<() => Promise<void>> }): Part {
  let stopServing: (() => Promise<void>) | undefined
  return {
    name: 'contract',
    start: async () => void (stopServing = await serve()),
    stop: async () => stopServing?.(),
  }
}
