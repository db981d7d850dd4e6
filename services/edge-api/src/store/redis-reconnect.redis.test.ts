import { followReconnects } from '@sluice/testkit/follow-reconnects'
import { startOwnRedis } from '@sluice/testkit/own-servers'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'

import { rateRedisOptions } from './redis-rate-store.ts'

it('reconnects to a restarted Redis at the first try, at most half a second after it is back', async () => {
  const server = await startOwnRedis()
  const redis = new Redis(server.url, rateRedisOptions)
  redis.on('error', () => undefined)
  await redis.connect()
  const start = () => server.start({ emptied: true })
  const seen = await followReconnects({ client: redis, server: { ...server, start }, triesMin: 12 })
  // One try may have been in progress when the server came back.
  expect(seen.failedSince).toBeLessThanOrEqual(1)
  expect(seen.delaysMs.length).toBeGreaterThanOrEqual(12)
  expect(Math.max(...seen.delaysMs)).toBeLessThan(500)
  expect(await redis.ping()).toBe('PONG')
  redis.disconnect()
  await server.stop()
})
