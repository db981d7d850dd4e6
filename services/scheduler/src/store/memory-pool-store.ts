/**
 * The pool of embedded mode. One process holds it, and no method awaits, so each is atomic. Leases expire by the
 * monotonic clock, so that a jump of the wall clock ends none. A restart loses the pool together with the holders
 * of its leases, which run in the same process.
 */
import type { Clock } from '@sluice/kernel/clock'

import { healthAtEpoch } from '../eligibility/eligibility.ts'
import { initialHealth, gateOf } from '../eligibility/health.ts'
import type { MemoryPool } from './memory-pool.ts'
import { createMemoryPool } from './memory-pool.ts'
import type {
  VersionedHealth,
  PoolStore,
  LeaseRefusal,
  ReleaseInput,
  ReleaseResult,
  TakeInput,
  TakeResult,
} from './pool-store.ts'

export function createMemoryPoolStore({ clock }: { clock: Clock }): PoolStore {
  const pool = createMemoryPool(clock)
  return {
    take: async (input) => take({ pool, clock }, input),
    renew: async ({ leaseId, ttlMs }) => pool.extend(leaseId, ttlMs),
    release: async (input) => release({ pool }, input),
    writeHealth: async ({ credentialId, epoch, stamp, health }) => {
      const known = healthKnownAt(pool, { credentialId, epoch })
      if (known.epoch !== epoch || known.stamp !== stamp) return { kind: 'conflict', known }
      pool.write(credentialId, { epoch, health })
      return { kind: 'written' }
    },
    read: async (credentialIds) => new Map(credentialIds.map((id) => [id, pool.statusOf(id)])),
    reap: async ({ limit }) => {
      const expired = pool.listExpired().slice(0, limit)
      return expired.map(({ lease }) => {
        pool.remove(lease)
        const { leaseId, channelId, credentialId } = lease
        return { leaseId, channelId, credentialId }
      })
    },
  }
}

function take({ pool, clock }: { pool: MemoryPool; clock: Clock }, input: TakeInput): TakeResult {
  const { leaseId, holder, ttlMs, candidates } = input
  const nowMs = clock.nowMs()
  const refusals: LeaseRefusal[] = []
  for (const { channelId, credentialId, concurrencyMax, epoch, model } of candidates) {
    const status = pool.statusOf(credentialId)
    const { disabled, notBeforeMs, probation } = gateOf(healthAtEpoch({ epoch }, status), model)
    const cooling = nowMs < notBeforeMs
    const full = status.leases >= concurrencyMax || (probation && status.probing)
    if (!disabled && !cooling && !full) {
      const facts = { leaseId, holder, channelId, credentialId, epoch, probe: probation }
      return { lease: pool.add(facts, ttlMs), leases: status.leases + 1, refusals }
    }
    refusals.push({
      credentialId,
      leases: status.leases,
      notBeforeMs: cooling ? notBeforeMs : null,
      disabled,
    })
  }
  return { lease: null, leases: 0, refusals }
}

function release({ pool }: { pool: MemoryPool }, input: ReleaseInput): ReleaseResult {
  const { leaseId, seen, health } = input
  const lease = pool.findAlive(leaseId)
  if (lease === undefined) return { kind: 'lost' }
  const { credentialId, epoch } = lease
  const leasesBefore = pool.statusOf(credentialId).leases
  const known = healthKnownAt(pool, lease)
  const current = known.epoch === epoch
  const probe = pool.isProbe(lease)
  if (current && (known.stamp !== seen.stamp || probe !== seen.probe)) {
    return { kind: 'conflict', known, probe }
  }
  pool.remove(lease)
  if (current && health !== null) pool.write(credentialId, { epoch, health })
  return { kind: 'released', lease, leasesBefore, current }
}

/** The stored health; the initial health when the stored one is of an earlier epoch than this. */
function healthKnownAt(
  pool: MemoryPool,
  { credentialId, epoch }: { credentialId: string; epoch: number },
): VersionedHealth {
  const status = pool.statusOf(credentialId)
  if (status.epoch < epoch) return { epoch, stamp: 0, health: initialHealth }
  return { epoch: status.epoch, stamp: status.stamp, health: status.health }
}
