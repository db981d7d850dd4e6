import type { Clock } from '@sluice/kernel/clock'
import { simulate } from '@sluice/testkit/simulate'

import { idleStatus } from '../src/eligibility/eligible.ts'
import type { PoolStore } from '../src/store/pool-store.ts'
import { poolActions } from './pool-actions.ts'
import type { Scene } from './pool-scene.ts'
import { alive, setScene } from './pool-scene.ts'

/** With three idle credentials a channel, the chance to be passed over so often is one in ten million. */
const PASSED_OVER_MAX = 40

/**
 * Random life of a pool: bursts of holders on two replicas, outcomes of all kinds, holders that die,
 * people who pause and resume, replicas that restart. Checked after each step from what holders were
 * told: no credential above its limit, one probe at a time, growing fences, every lease ends once,
 * nobody starves. `skewMs` is by how much the pool's clock may be ahead of the world's.
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
  const scene = await simulate({
    seed,
    steps,
    createState: () => setScene({ seed, openStore, skewMs }),
    actions: poolActions,
    check,
  })
  await drain(scene)
}

async function check(scene: Scene): Promise<void> {
  const { fixture, store, skewMs } = scene
  const { channels } = await fixture.deps.catalogStore.load()
  const credentials = channels.flatMap((channel) => channel.credentials)
  const standings = await store.read(credentials.map(({ id }) => id))
  const leases = Map.groupBy(alive(scene), ({ lease }) => lease.credentialId)
  const twice = [...scene.held.values()].find(({ ends }) => ends > 1)
  if (twice !== undefined) throw new Error(`lease ${twice.lease.leaseId} ended twice`)
  for (const { id, concurrencyMax, epoch } of credentials) {
    const mine = leases.get(id) ?? []
    if (mine.length > concurrencyMax) throw new Error(`${id} has ${mine.length} leases`)
    const { health, epoch: learnedAt } = standings.get(id) ?? idleStatus
    const { circuit } = health
    if (circuit.state === 'open' && learnedAt === epoch) {
      const probes = mine.filter(({ grantedAtMs }) => grantedAtMs >= circuit.untilMs - skewMs)
      if (probes.length > 1) throw new Error(`${id} is probed ${probes.length} times at once`)
    }
    if ((scene.passedOver.get(id) ?? 0) > PASSED_OVER_MAX) throw new Error(`${id} starves`)
  }
}

/** All holders fall silent: after the longest lease every one must have ended, once. */
async function drain({ fixture, held, replicas }: Scene): Promise<void> {
  await fixture.clock.advance(120_000)
  for (const replica of replicas) await replica.stop()
  const open = [...held.values()].filter(({ ends }) => ends !== 1)
  if (open.length > 0) throw new Error(`${open.length} of ${held.size} leases never ended`)
}
