import type { Clock } from '@sluice/kernel/clock'
import { simulate } from '@sluice/testkit/simulate'

import { idleStatus } from '../src/eligibility/eligibility.ts'
import type { PoolStore } from '../src/store/pool-store.ts'
import { poolActions } from './pool-actions.ts'
import type { PoolSimulation } from './pool-simulation-state.ts'
import { alive, createPoolSimulation } from './pool-simulation-state.ts'

/** With three idle credentials per channel, the probability of this count is one in ten million. */
const PASSED_OVER_MAX = 40

/**
 * Random calls to a pool: bursts of holders on two replicas, all outcomes, holders that die, operators that pause
 * and resume, replicas that restart. After each step the responses to holders are checked: no credential above its
 * limit, one probe at a time, increasing fencing tokens, every lease ends once, no credential starves. `skewMs` is
 * how much the pool's clock may be ahead of the fixture's.
 */
export async function simulatePool({
  seed,
  steps,
  openStore,
  skewMs = 0,
}: {
  seed: number
  steps: number
  openStore: (clock: Clock) => PoolStore
  skewMs?: number
}): Promise<void> {
  const simulation = await simulate({
    seed,
    steps,
    createState: () => createPoolSimulation({ seed, openStore, skewMs }),
    actions: poolActions,
    check,
  })
  await drain(simulation)
}

async function check(simulation: PoolSimulation): Promise<void> {
  const { fixture, store, skewMs } = simulation
  const { channels } = await fixture.deps.catalogStore.load()
  const credentials = channels.flatMap((channel) => channel.credentials)
  const statuses = await store.read(credentials.map(({ id }) => id))
  const leases = Map.groupBy(alive(simulation), ({ lease }) => lease.credentialId)
  const twice = [...simulation.held.values()].find(({ ends }) => ends > 1)
  if (twice !== undefined) throw new Error(`lease ${twice.lease.leaseId} ended twice`)
  for (const { id, concurrencyMax, epoch } of credentials) {
    const mine = leases.get(id) ?? []
    if (mine.length > concurrencyMax) throw new Error(`${id} has ${mine.length} leases`)
    const { health, epoch: healthEpoch } = statuses.get(id) ?? idleStatus
    const { circuit } = health
    if (circuit.state === 'open' && healthEpoch === epoch) {
      const probes = mine.filter(({ grantedAtMs }) => grantedAtMs >= circuit.untilMs - skewMs)
      if (probes.length > 1) throw new Error(`${id} is probed ${probes.length} times at once`)
    }
    if ((simulation.passedOver.get(id) ?? 0) > PASSED_OVER_MAX) throw new Error(`${id} starves`)
  }
}

/** All holders stop: after the longest lease every lease must have ended once. */
async function drain({ fixture, held, replicas }: PoolSimulation): Promise<void> {
  await fixture.clock.advance(120_000)
  for (const replica of replicas) await replica.stop()
  const open = [...held.values()].filter(({ ends }) => ends !== 1)
  if (open.length > 0) throw new Error(`${open.length} of ${held.size} leases never ended`)
}
