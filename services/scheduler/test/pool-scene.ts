import type { Lease } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'

import type { SchedulerModule } from '../src/module.ts'
import type { PoolStore } from '../src/store/pool-store.ts'
import type { Fixture } from './fixture.ts'
import { addChannel, createFixture } from './fixture.ts'

/** What a holder knows of its lease; the witness that does not believe the pool. */
export interface Held {
  lease: Lease
  grantedAtMs: number
  expiresAtMs: number
  /** How often we were told that it ended. */
  ends: number
  /** Its holder has died and will say no more. */
  silent: boolean
}

export interface Scene {
  fixture: Fixture
  replicas: SchedulerModule[]
  store: PoolStore
  held: Map<string, Held>
  fences: Map<string, number>
  /** Grants in its channel that an idle, eligible credential saw go to others, in a row. */
  passedOver: Map<string, number>
  /** Credentials whose upstream is down: nearly all that they are used for fails. */
  down: Set<string>
  skewMs: number
}

const LIMITS = { tight: 1, loose: 3 }

/** Two replicas over one pool, and a witness who counts for itself. */
export async function setScene({
  seed,
  openStore,
  skewMs,
}: {
  seed: number
  openStore: (clock: Clock) => PoolStore
  skewMs: number
}): Promise<Scene> {
  const fixture = createFixture({ seed })
  const held: Scene['held'] = new Map()
  const inner = openStore(fixture.clock)
  const store: PoolStore = {
    ...inner,
    reap: async (input) => {
      const reaped = await inner.reap(input)
      for (const { leaseId } of reaped) noteEnd(held.get(leaseId))
      return reaped
    },
  }
  const start = () => fixture.started({ poolStore: store })
  const replicas = [await start(), await start()]
  const [first] = replicas
  if (first === undefined) throw new Error('there are two')
  const secrets = ['a', 'b', 'c']
  await addChannel(first, { name: 'x', weight: 2, secrets, concurrencyMax: LIMITS.tight })
  await addChannel(first, { name: 'y', weight: 1, secrets, concurrencyMax: LIMITS.loose })
  await fixture.settle()
  const known = { fences: new Map(), passedOver: new Map(), down: new Set<string>() }
  return { fixture, replicas, store, held, skewMs, ...known }
}

/** Judged by the check: what is thrown inside upkeep is only logged. */
export function noteEnd(held: Held | undefined): void {
  if (held !== undefined) held.ends += 1
}

/** Leases that their holders may still believe in. */
export const alive = ({ fixture, held, skewMs }: Scene) =>
  [...held.values()].filter(
    ({ ends, expiresAtMs }) => ends === 0 && fixture.clock.nowMs() < expiresAtMs - skewMs,
  )
