/**
 * The pool of embedded mode, and the oracle of the simulations. One process holds it, and no step of
 * a method waits, so each is atomic. Leases end by the monotonic clock: a wall clock that jumps ends
 * none. A restart forgets it all; the holders of its leases lived in the same process.
 */
import type { Clock } from '@sluice/kernel/clock'

import { healthUnder } from '../eligibility/eligible.ts'
import { freshHealth, gateOf } from '../eligibility/health.ts'
import type { MemoryPool } from './memory-pool.ts'
import { createMemoryPool } from './memory-pool.ts'
import type {
  Known,
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
      const known = knownUnder(pool, { credentialId, epoch })
      if (known.epoch !== epoch || known.stamp !== stamp) return { kind: 'conflict', known }
      pool.write(credentialId, { epoch, health })
      return { kind: 'written' }
    },
    read: async (credentialIds) => new Map(credentialIds.map((id) => [id, pool.stand(id)])),
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
    const status = pool.stand(credentialId)
    const { shut, restUntilMs, probation } = gateOf(healthUnder({ epoch }, status), model)
    const resting = nowMs < restUntilMs
    const full = status.leases >= concurrencyMax || (probation && status.probing)
    if (!shut && !resting && !full) {
      const facts = { leaseId, holder, channelId, credentialId, epoch, probe: probation }
      return { lease: pool.put(facts, ttlMs), leases: status.leases + 1, refusals }
    }
    refusals.push({
      credentialId,
      leases: status.leases,
      restUntilMs: resting ? restUntilMs : null,
      shut,
    })
  }
  return { lease: null, leases: 0, refusals }
}

function release({ pool }: { pool: MemoryPool }, input: ReleaseInput): ReleaseResult {
  const { leaseId, seen, health } = input
  const lease = pool.findAlive(leaseId)
  if (lease === undefined) return { kind: 'lost' }
  const { credentialId, epoch } = lease
  const leasesBefore = pool.stand(credentialId).leases
  const known = knownUnder(pool, lease)
  const current = known.epoch === epoch
  const probe = pool.isProbe(lease)
  if (current && (known.stamp !== seen.stamp || probe !== seen.probe)) {
    return { kind: 'conflict', known, probe }
  }
  pool.remove(lease)
  if (current && health !== null) pool.write(credentialId, { epoch, health })
  return { kind: 'released', lease, leasesBefore, current }
}

/** What the pool knows, as it looks to one who knows the credential under this epoch. */
function knownUnder(
  pool: MemoryPool,
  { credentialId, epoch }: { credentialId: string; epoch: number },
): Known {
  const status = pool.stand(credentialId)
  if (status.epoch < epoch) return { epoch, stamp: 0, health: freshHealth }
  return { epoch: status.epoch, stamp: status.stamp, health: status.health }
}
