import { followReconnects } from '@sluice/testkit/follow-reconnects'
import { startOwnRedis } from '@sluice/testkit/own-servers'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'

import { poolRedisOptions } from './redis-pool-store.ts'

it('reconnects at the first try after Redis is back, at most half a second later', async () => {
  const server = await startOwnRedis()
  const redis = new Redis(server.url, poolRedisOptions)
  redis.on('error', () => undefined)
  await redis.connect()
  const start = () => server.start({ emptied: true })
  const seen = await followReconnects({ client: redis, server: { ...server, start }, triesMin: 12 })
  // One try may have been running when the server came back.
  expect(seen.failedSince).toBeLessThanOrEqual(1)
  expect(seen.delaysMs.length).toBeGreaterThanOrEqual(12)
  expect(Math.max(...seen.delaysMs)).toBeLessThan(500)
  expect(await redis.ping()).toBe('PONG')
  redis.disconnect()
  await server.stop()
})
