import { cuttableProxy } from '@sluice/bus/testing/cuttable-proxy'
import { newId } from '@sluice/kernel/ids'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { serverUrl } from '@sluice/testkit/server-urls'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { poolHealthContract } from './pool-health.contract.ts'
import { poolStoreContract } from './pool-store.contract.ts'
import type { PoolUnderTest } from '../../test/pool-under-test.ts'
import { createRedisPoolStore, poolRedisOptions } from './redis-pool-store.ts'

const deps = { clock: systemClock, random: systemRandom }

describe('the pool in Redis', () => {
  // Two connections, so that concurrent commands are serialized by the server and not by one client.
  const connections = [1, 2].map(() => new Redis(serverUrl('redis'), poolRedisOptions))
  const [first, second] = connections
  if (first === undefined || second === undefined) throw new Error('expected two')
  beforeAll(async () => void (await Promise.all(connections.map((redis) => redis.connect()))))
  afterAll(() => connections.forEach((redis) => redis.disconnect()))

  const newPrefix = () => `test:{${newId('sched', deps)}}:`
  const wipe = async (prefix: string) => {
    const keys = await first.keys(`${prefix}*`)
    if (keys.length > 0) await first.del(keys)
  }

  const make = async (): Promise<PoolUnderTest> => {
    const prefix = newPrefix()
    let offsetMs = 0
    const replica = (redis: Redis) =>
      createRedisPoolStore({ redis, prefix, clockOffsetMs: () => offsetMs })
    return {
      stores: [replica(first), replica(second)],
      advance: async (ms) => void (offsetMs += ms),
      nowMs: async () => {
        const [seconds, micros] = await first.time()
        return Math.floor(Number(seconds) * 1_000 + Number(micros) / 1_000) + offsetMs
      },
      wipe: () => wipe(prefix),
      restart: () => replica(second),
      newId: (prefix) => newId(prefix, deps),
    }
  }
  poolStoreContract(make)
  poolHealthContract(make)

  it('increases fencing tokens after the server was wiped and its clock went back', async () => {
    const prefix = newPrefix()
    let offsetMs = 0
    const store = createRedisPoolStore({ redis: first, prefix, clockOffsetMs: () => offsetMs })
    const candidates = [
      { channelId: 'c', credentialId: 'd', concurrencyMax: 9, epoch: 1, model: 'm' },
    ]
    const take = () =>
      store.take({ leaseId: newId('lease', deps), holder: 'h', ttlMs: 1, candidates })
    const before = await take()
    await wipe(prefix)
    offsetMs = -3_600_000
    const after = await take()
    expect(after.lease?.fence).toBeGreaterThan(before.lease?.fence ?? Infinity)
  })

  it('stores no key of released leases and of initial health', async () => {
    const prefix = newPrefix()
    const store = createRedisPoolStore({ redis: first, prefix })
    const candidates = [
      { channelId: 'c', credentialId: 'd', concurrencyMax: 1, epoch: 1, model: 'm' },
    ]
    const leaseId = newId('lease', deps)
    await store.take({ leaseId, holder: 'h', ttlMs: 60_000, candidates })
    await store.release({ leaseId, seen: { stamp: 0, probe: false }, health: null })
    expect(await first.keys(`${prefix}*`)).toEqual([`${prefix}fence`])
  })

  it('fails with the code unavailable while Redis cannot be reached, and recovers afterwards', async () => {
    const proxy = await cuttableProxy(serverUrl('redis'))
    const redis = new Redis(proxy.url, poolRedisOptions)
    redis.on('error', () => {})
    const store = createRedisPoolStore({ redis, prefix: newPrefix() })
    const unavailable = { code: 'unavailable' }
    await redis.connect()
    const calls = Array.from({ length: 20 }, () => store.reap({ limit: 1 }))
    proxy.cut()
    const outcomes = await Promise.allSettled(calls)
    const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(reasons).toEqual(reasons.map(() => expect.objectContaining(unavailable)))
    await expect(store.reap({ limit: 1 })).rejects.toMatchObject(unavailable)
    const ready = new Promise((resolve) => redis.once('ready', resolve))
    proxy.restore()
    await ready
    expect(await store.reap({ limit: 1 })).toEqual([])
    redis.disconnect()
    await proxy.close()
  })

  it('loads the scripts again after Redis has lost them', async () => {
    const store = createRedisPoolStore({ redis: first, prefix: newPrefix() })
    await store.reap({ limit: 1 })
    await first.script('FLUSH')
    expect(await store.reap({ limit: 1 })).toEqual([])
  })
})
