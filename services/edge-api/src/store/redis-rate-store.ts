import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { redisOptions } from '@sluice/service-kit/redis-options'
import type { Redis } from 'ioredis'

import type { RateStore } from './rate-store.ts'

/** The maximum time that a request waits for its rate limit. */
const TIMEOUT_MS = 250
const PREFIX = 'sluice:rate:'

/** Connection options for rate limits: commands fail at once while disconnected. */
export const rateRedisOptions = redisOptions({ commandTimeoutMs: TIMEOUT_MS })

// The rule of admit/rate-limit.ts in Lua, shared by all edges. It uses Redis's own time, so that the clocks
// of edges need not agree. Fields of the hash are bucket numbers, values are the grants in them.
const TAKE = `
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
local limit, want, within = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
local used, live = 0, {}
for i = 1, #all, 2 do
  local bucket = tonumber(all[i])
  if (bucket + 1) * 1000 > nowMs - 60000 then
    used = used + tonumber(all[i + 1])
    live[#live + 1] = { bucket, tonumber(all[i + 1]) }
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
local granted = math.max(0, math.min(want, limit - used))
local bucket = math.floor((nowMs + within) / 1000)
if granted > 0 then
  redis.call('HINCRBY', KEYS[1], bucket, granted)
  redis.call('PEXPIRE', KEYS[1], within + 62000)
  return { granted, bucket, 0 }
end
table.sort(live, function(a, b) return a[1] < b[1] end)
local left, waitMs = used, 60000
for i = 1, #live do
  left = left - live[i][2]
  if left < limit then
    waitMs = (live[i][1] + 1) * 1000 + 60000 - nowMs
    break
  end
end
return { 0, bucket, waitMs }
`

const REFUND = `
local granted = redis.call('HGET', KEYS[1], ARGV[1])
if granted then
  redis.call('HSET', KEYS[1], ARGV[1], math.max(0, tonumber(granted) - tonumber(ARGV[2])))
end
return 0
`

/**
 * Rate limits shared by all edges. Rejects with `unavailable` within TIMEOUT_MS when Redis is unavailable.
 */
export function redisRateStore({ redis, clock }: { redis: Redis; clock: Clock }): RateStore {
  redis.defineCommand('sluiceTake', { numberOfKeys: 1, lua: TAKE })
  redis.defineCommand('sluiceRefund', { numberOfKeys: 1, lua: REFUND })
  const commands = asCommands(redis)
  return {
    async take({ key, limit, want, spendWithinMs }) {
      const reply = commands.sluiceTake(PREFIX + key, limit, want, spendWithinMs)
      const [granted = 0, bucket = 0, retryAfterMs = 0] = await inTime(clock, reply)
      return { granted, bucket, retryAfterMs }
    },
    async refund({ key, bucket, count }) {
      // A failed refund stays counted until its bucket expires.
      const returned = commands.sluiceRefund(PREFIX + key, bucket, count)
      await inTime(clock, returned).catch(() => undefined)
    },
    shared: () => redis.status === 'ready',
  }
}

interface Commands {
  sluiceTake(key: string, limit: number, want: number, withinMs: number): Promise<number[]>
  sluiceRefund(key: string, bucket: number, count: number): Promise<number>
}

// `defineCommand` has added both methods to this client.
function asCommands(redis: Redis): Commands {
  return redis as unknown as Commands
}

async function inTime<Value>(clock: Clock, call: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(TIMEOUT_MS, () =>
    late.reject(new Error(`no answer within ${TIMEOUT_MS} ms`)),
  )
  try {
    return await Promise.race([call, late.promise])
  } catch (cause) {
    throw new AppError('unavailable', 'The store of rate limits is unavailable.', { cause })
  } finally {
    cancel()
  }
}
