/**
 * The pool of distributed mode: one Redis, one script per method, so that each is atomic among all replicas. Redis
 * Cluster is not supported: the scripts compute key names from values that they read.
 *
 * Redis may be wiped or lose its last second. Then leases are lost: their holders receive `lost` at the next
 * renewal, and until then a credential may be used above its limit. Health that must survive is in PostgreSQL too.
 * Fencing tokens still increase: they are microseconds of the server's clock, and above the highest one that this
 * replica has received, in case that clock went back.
 */
import { createHash } from 'node:crypto'

import { AppError } from '@sluice/kernel/app-error'
import { redisOptions } from '@sluice/service-kit/redis-options'
import type { Redis } from 'ioredis'

import type { Health } from '../eligibility/health.ts'
import { initialHealth, gateOf, isInitialHealth } from '../eligibility/health.ts'
import type { PoolStore } from './pool-store.ts'
import { poolReplies } from './redis-pool-replies.ts'
import { poolScripts } from './redis-pool-scripts.ts'

const PREFIX = 'sluice:{pool}:'
/** How long the hash of an expired lease is stored. */
const LEASE_GRACE_MS = 60_000
/** Long cooldowns and attention are in PostgreSQL; other health is outdated after a week. */
const HEALTH_TTL_MS = 7 * 86_400_000

const COMMAND_TIMEOUT_MS = 1_000

/** The connection options for this store: commands fail soon when Redis does not answer. */
export const poolRedisOptions = redisOptions({ commandTimeoutMs: COMMAND_TIMEOUT_MS })

export function createRedisPoolStore({
  redis,
  prefix = PREFIX,
  clockOffsetMs = () => 0,
}: {
  redis: Redis
  prefix?: string
  /** Added to the server's clock, so that tests can let leases expire. */
  clockOffsetMs?: () => number
}): PoolStore {
  let highest = 0
  const run = async (script: keyof typeof poolScripts, args: readonly (string | number)[]) =>
    runScript(redis, poolScripts[script], [prefix, clockOffsetMs(), highest, ...args])

  return {
    take: async ({ leaseId, holder, ttlMs, candidates }) => {
      const args = candidates.flatMap((candidate) => [
        candidate.channelId,
        candidate.credentialId,
        candidate.concurrencyMax,
        candidate.epoch,
        candidate.model,
      ])
      const reply = await run('take', [leaseId, holder, ttlMs, LEASE_GRACE_MS, ...args])
      const taken = poolReplies.take({ reply, leaseId, holder, candidates })
      highest = Math.max(highest, taken.lease?.fence ?? 0)
      return taken
    },
    renew: async ({ leaseId, ttlMs }) =>
      poolReplies.renew(await run('renew', [leaseId, ttlMs, LEASE_GRACE_MS])),
    release: async ({ leaseId, seen, health }) => {
      const change = health === null ? [0, ...fields(initialHealth)] : [1, ...fields(health)]
      const args = [leaseId, seen.stamp, seen.probe ? 1 : 0, ...change]
      return poolReplies.release({ leaseId, reply: await run('release', args) })
    },
    writeHealth: async ({ credentialId, epoch, stamp, health }) => {
      const args = [credentialId, epoch, stamp, ...fields(health)]
      return poolReplies.writeHealth(await run('writeHealth', args))
    },
    read: async (credentialIds) => {
      const reply = await run('read', credentialIds)
      return poolReplies.read({ reply, credentialIds })
    },
    reap: async ({ limit }) => poolReplies.reap(await run('reap', [limit])),
  }
}

// json, disabled, notBeforeMs, probation, ttlMs, then each limited model with its end: as the scripts take health.
function fields(health: Health): (string | number)[] {
  const { disabled, notBeforeMs, probation } = gateOf(health)
  const json = isInitialHealth(health) ? '' : JSON.stringify(health)
  const limits = health.restrictions.flatMap(({ kind, model, untilMs }) =>
    kind === 'limited' && model !== undefined ? [model, untilMs] : [],
  )
  return [json, disabled ? 1 : 0, notBeforeMs, probation ? 1 : 0, HEALTH_TTL_MS, ...limits]
}

const hashes = new Map<string, string>()

async function runScript(
  redis: Redis,
  script: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  const hash = hashes.get(script) ?? createHash('sha1').update(script).digest('hex')
  hashes.set(script, hash)
  try {
    return await redis.evalsha(hash, 0, ...args)
  } catch (error) {
    if (!hasCode(error, 'NOSCRIPT')) throw toPoolError(error)
  }
  // A restarted Redis has lost the scripts; EVAL loads the script again.
  return redis.eval(script, 0, ...args).catch((error: unknown) => {
    throw toPoolError(error)
  })
}

// `ERR` is a fault of the script. All other errors mean that Redis cannot execute it now.
function toPoolError(error: unknown): unknown {
  if (hasCode(error, 'ERR')) return error
  return new AppError('unavailable', 'the credential pool is unavailable', { cause: error })
}

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && error.message.startsWith(`${code} `)
