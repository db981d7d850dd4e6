/**
 * The pool of distributed mode: one Redis, one script a method, so that each is atomic among all
 * replicas. Not for Redis Cluster: the scripts name keys that depend on what they read.
 *
 * Redis may be wiped or lose its last second. Then leases are forgotten: their holders learn it at
 * the next renewal (`lost`), and until then a credential may be used above its limit. Health that
 * must survive is in PostgreSQL too. Fences still grow: they are microseconds of the server's clock,
 * and never below the highest that this replica has seen, should that clock have gone back.
 */
import { createHash } from 'node:crypto'

import { AppError } from '@sluice/kernel/app-error'
import { redisOptions } from '@sluice/service-kit/redis-options'
import type { Redis } from 'ioredis'

import type { Health } from '../eligibility/health.ts'
import { freshHealth, gateOf, isFresh } from '../eligibility/health.ts'
import type { PoolStore } from './pool-store.ts'
import { poolReplies } from './redis-pool-replies.ts'
import { poolScripts } from './redis-pool-scripts.ts'

const PREFIX = 'sluice:{pool}:'
/** A reaper that is late finds in the lease what it must tell. */
const LEASE_GRACE_MS = 60_000
/** Long rests and attention are in PostgreSQL; the rest is no longer true after a week. */
const HEALTH_TTL_MS = 7 * 86_400_000

const COMMAND_WITHIN_MS = 1_000

/** How a connection for this store must be made: it answers soon, or says that it cannot. */
export const poolRedisOptions = redisOptions({ commandTimeoutMs: COMMAND_WITHIN_MS })

export function createRedisPoolStore({
  redis,
  prefix = PREFIX,
  clockOffsetMs = () => 0,
}: {
  redis: Redis
  prefix?: string
  /** Added to the server's clock, so that a test can let leases expire. */
  clockOffsetMs?: () => number
}): PoolStore {
  let highest = 0
  const run = async (script: keyof typeof poolScripts, words: readonly (string | number)[]) =>
    runScript(redis, poolScripts[script], [prefix, clockOffsetMs(), highest, ...words])

  return {
    take: async ({ leaseId, holder, ttlMs, candidates }) => {
      const words = candidates.flatMap((candidate) => [
        candidate.channelId,
        candidate.credentialId,
        candidate.concurrencyMax,
        candidate.epoch,
        candidate.model,
      ])
      const reply = await run('take', [leaseId, holder, ttlMs, LEASE_GRACE_MS, ...words])
      const taken = poolReplies.take({ reply, leaseId, holder, candidates })
      highest = Math.max(highest, taken.lease?.fence ?? 0)
      return taken
    },
    renew: async ({ leaseId, ttlMs }) =>
      poolReplies.renew(await run('renew', [leaseId, ttlMs, LEASE_GRACE_MS])),
    release: async ({ leaseId, seen, health }) => {
      const change = health === null ? [0, ...fields(freshHealth)] : [1, ...fields(health)]
      const words = [leaseId, seen.stamp, seen.probe ? 1 : 0, ...change]
      return poolReplies.release({ leaseId, reply: await run('release', words) })
    },
    writeHealth: async ({ credentialId, epoch, stamp, health }) => {
      const words = [credentialId, epoch, stamp, ...fields(health)]
      return poolReplies.writeHealth(await run('writeHealth', words))
    },
    read: async (credentialIds) => {
      const reply = await run('read', credentialIds)
      return poolReplies.read({ reply, credentialIds })
    },
    reap: async ({ limit }) => poolReplies.reap(await run('reap', [limit])),
  }
}

// json, shut, restUntilMs, probation, ttlMs, then each limited model with its end: as the scripts take health.
function fields(health: Health): (string | number)[] {
  const { shut, restUntilMs, probation } = gateOf(health)
  const json = isFresh(health) ? '' : JSON.stringify(health)
  const limits = health.restrictions.flatMap(({ kind, model, untilMs }) =>
    kind === 'limited' && model !== undefined ? [model, untilMs] : [],
  )
  return [json, shut ? 1 : 0, restUntilMs, probation ? 1 : 0, HEALTH_TTL_MS, ...limits]
}

const hashes = new Map<string, string>()

async function runScript(
  redis: Redis,
  script: string,
  words: readonly (string | number)[],
): Promise<unknown> {
  const hash = hashes.get(script) ?? createHash('sha1').update(script).digest('hex')
  hashes.set(script, hash)
  try {
    return await redis.evalsha(hash, 0, ...words)
  } catch (error) {
    if (!says(error, 'NOSCRIPT')) throw translate(error)
  }
  // A Redis that was restarted has forgotten the scripts; this run teaches it again.
  return redis.eval(script, 0, ...words).catch((error: unknown) => {
    throw translate(error)
  })
}

// `ERR` is Redis refusing our script: a fault of ours. All else is Redis being away or unwilling.
function translate(error: unknown): unknown {
  if (says(error, 'ERR')) return error
  return new AppError('unavailable', 'the pool of credentials is away', { cause: error })
}

const says = (error: unknown, word: string) =>
  error instanceof Error && error.message.startsWith(`${word} `)
