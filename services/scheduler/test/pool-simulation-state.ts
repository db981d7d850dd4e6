import type { Lease } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'

import type { SchedulerModule } from '../src/module.ts'
import type { PoolStore } from '../src/store/pool-store.ts'
import type { Fixture } from './fixture.ts'
import { addChannel, createFixture } from './fixture.ts'

/** A lease as its holder received it, recorded independently of the pool. */
export interface HeldLease {
  lease: Lease
  grantedAtMs: number
  expiresAtMs: number
  /** How often its end was reported. */
  ends: number
  /** Whether its holder has died. */
  holderDead: boolean
}

export interface PoolSimulation {
  fixture: Fixture
  replicas: SchedulerModule[]
  store: PoolStore
  held: Map<string, HeldLease>
  fences: Map<string, number>
  /** Consecutive grants in its channel that went to others while the credential was idle and eligible. */
  passedOver: Map<string, number>
  /** Credentials whose upstream is down: nearly all their calls fail. */
  down: Set<string>
  skewMs: number
}

const LIMITS = { tight: 1, loose: 3 }

/** Two replicas over one pool, and an independent record of its leases. */
export async function createPoolSimulation({
  seed,
  openStore,
  skewMs,
}: {
  seed: number
  openStore: (clock: Clock) => PoolStore
  skewMs: number
}): Promise<PoolSimulation> {
  const fixture = createFixture({ seed })
  const held: PoolSimulation['held'] = new Map()
  const inner = openStore(fixture.clock)
  const store: PoolStore = {
    ...inner,
    reap: async (input) => {
      const reaped = await inner.reap(input)
      for (const { leaseId } of reaped) countEnd(held.get(leaseId))
      return reaped
    },
  }
  const start = () => fixture.started({ poolStore: store })
  const replicas = [await start(), await start()]
  const [first] = replicas
  if (first === undefined) throw new Error('expected two')
  const secrets = ['a', 'b', 'c']
  await addChannel(first, { name: 'x', weight: 2, secrets, concurrencyMax: LIMITS.tight })
  await addChannel(first, { name: 'y', weight: 1, secrets, concurrencyMax: LIMITS.loose })
  await fixture.settle()
  const known = { fences: new Map(), passedOver: new Map(), down: new Set<string>() }
  return { fixture, replicas, store, held, skewMs, ...known }
}

/** Counted here and checked later: errors inside background tasks are only logged. */
export function countEnd(held: HeldLease | undefined): void {
  if (held !== undefined) held.ends += 1
}

/** Leases that are valid for their holders. */
export const alive = ({ fixture, held, skewMs }: PoolSimulation) =>
  [...held.values()].filter(
    ({ ends, expiresAtMs }) => ends === 0 && fixture.clock.nowMs() < expiresAtMs - skewMs,
  )
