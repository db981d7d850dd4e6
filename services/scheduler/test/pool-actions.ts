import type { Outcome } from '@sluice/contracts/scheduler.contract'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import { checkEligibility, idleStatus } from '../src/eligibility/eligibility.ts'
import type { PoolSimulation } from './pool-simulation-state.ts'
import { countEnd } from './pool-simulation-state.ts'
import { leaseInput, MODEL } from './fixture.ts'

/** The actions of the simulation with their weights. */
export const poolActions: Action<PoolSimulation>[] = [
  { name: 'request a lease', weight: 6, run: requestAlone },
  { name: 'release a lease', weight: 6, run: release },
  {
    name: 'concurrent calls',
    weight: 2,
    run: async (simulation, random) => {
      const count = 2 + random.integer(8)
      const work = Array.from({ length: count }, () =>
        random.next() < 0.6 ? requestLease(simulation, random) : release(simulation, random),
      )
      return (await Promise.all(work)).join(', ')
    },
  },
  {
    name: 'renew',
    weight: 2,
    run: async (simulation, random) => {
      const held = pick(activeHolders(simulation), random)
      if (held === undefined) return
      const ttlMs = 1_000 + random.integer(30_000)
      const { leaseId } = held.lease
      const result = await pick(simulation.replicas, random)?.renewLease({ leaseId, ttlMs })
      if (result?.outcome === 'renewed') held.expiresAtMs = result.expiresAt.getTime()
      return result?.outcome
    },
  },
  {
    name: 'holder dies',
    weight: 0.5,
    run: async (simulation, random) => {
      const held = pick(activeHolders(simulation), random)
      if (held) held.holderDead = true
    },
  },
  {
    name: 'time passes',
    weight: 3,
    run: async ({ fixture }, random) => {
      const ms = random.next() < 0.2 ? random.integer(60_000) : random.integer(3_000)
      await fixture.clock.advance(ms)
      return ms
    },
  },
  {
    name: 'edges report',
    weight: 0.5,
    run: async (simulation, random) => {
      const { fixture, replicas, fences } = simulation
      const credentialId = pick([...fences.keys()], random)
      if (credentialId === undefined) return
      const outcomes = Array.from({ length: 1 + random.integer(6) }, () => ({
        credentialId,
        outcome: rollOutcome(simulation, { random, credentialId }),
        at: new Date(fixture.clock.nowMs() - random.integer(2_000)),
      }))
      return pick(replicas, random)?.reportOutcomes({ outcomes })
    },
  },
  {
    name: 'an upstream fails or recovers',
    weight: 0.7,
    run: ({ down, fences }, random) => {
      const credentialId = pick([...fences.keys()], random) ?? ''
      if (!down.delete(credentialId)) down.add(credentialId)
    },
  },
  {
    name: 'an operator sets a state',
    weight: 0.7,
    run: async ({ replicas, fences, fixture }, random) => {
      const credentialId = pick([...fences.keys()], random)
      if (credentialId === undefined) return
      const state = random.next() < 0.15 ? 'paused' : 'active'
      await pick(replicas, random)?.setCredentialState({ credentialId, state })
      await fixture.settle()
      return `${credentialId} ${state}`
    },
  },
  {
    name: 'a replica restarts',
    weight: 0.2,
    run: async ({ replicas, fixture, store }, random) => {
      const at = random.integer(replicas.length)
      await replicas[at]?.stop()
      replicas[at] = await fixture.started({ poolStore: store })
    },
  },
]

const pick = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[random.integer(items.length)]
const activeHolders = (simulation: PoolSimulation) =>
  [...simulation.held.values()].filter(({ holderDead }) => !holderDead)

function rollOutcome(
  { fixture, down }: PoolSimulation,
  { random, credentialId }: { random: Random; credentialId: string },
): Outcome {
  const roll = random.next()
  if (roll < 0.06) return { kind: 'aborted' }
  if (roll < 0.08) return { kind: 'unauthorised', reason: 'HTTP 401' }
  if (roll < 0.13) {
    const retryAt = new Date(fixture.clock.nowMs() + random.integer(20_000))
    const limited = { kind: 'limited', retryAt: random.next() < 0.5 ? null : retryAt } as const
    return random.next() < 0.5 ? limited : { ...limited, model: rollModel(random) }
  }
  if (roll < 0.15) return { kind: 'refused', operation: 'image', reason: 'HTTP 401' }
  if (roll < 0.17) return { kind: 'denied', operation: 'image', reason: 'no scope' }
  const fails = down.has(credentialId) ? 0.95 : 0.1
  return random.next() < fails ? { kind: 'failed', reason: 'HTTP 500' } : { kind: 'ok' }
}

// Mostly a model that no lease requests: its limits must not block other leases.
const rollModel = (random: Random) => (random.next() < 0.4 ? MODEL : `model-${random.integer(60)}`)

async function requestLease(simulation: PoolSimulation, random: Random): Promise<string> {
  const { fixture, held, fences, replicas } = simulation
  const ttlMs = 1_000 + random.integer(30_000)
  const facts = random.next() < 0.2 ? { affinity: `a${random.integer(5)}` } : {}
  const replica = pick(replicas, random)
  const result = await replica?.grantLease(leaseInput(fixture, { ttlMs, ...facts }))
  if (result?.outcome === 'busy' && result.retryAt.getTime() <= fixture.clock.nowMs()) {
    throw new Error('the retry time of a refused request must be in the future')
  }
  if (result?.outcome !== 'granted') return result?.outcome ?? 'no replica'
  const { lease } = result
  if (held.has(lease.leaseId)) throw new Error('a lease was granted twice')
  if (lease.fence <= (fences.get(lease.credentialId) ?? 0))
    throw new Error('a fencing token decreased')
  fences.set(lease.credentialId, lease.fence)
  const [grantedAtMs, expiresAtMs] = [fixture.clock.nowMs(), lease.expiresAt.getTime()]
  held.set(lease.leaseId, { lease, grantedAtMs, expiresAtMs, ends: 0, holderDead: false })
  simulation.passedOver.set(lease.credentialId, 0)
  return `${lease.credentialId} by ${lease.leaseId}`
}

async function release(simulation: PoolSimulation, random: Random): Promise<string> {
  const held = pick(activeHolders(simulation), random)
  if (held === undefined) return 'no live lease'
  const { leaseId, credentialId } = held.lease
  const outcome = rollOutcome(simulation, { random, credentialId })
  const result = await pick(simulation.replicas, random)?.releaseLease({ leaseId, outcome })
  if (result?.released && simulation.fixture.clock.nowMs() >= held.expiresAtMs) {
    throw new Error('a lease was released after its end')
  }
  if (result?.released) countEnd(held)
  if (random.next() < 0.9) held.holderDead = true
  return `${leaseId} ${outcome.kind} ${result?.released}`
}

/** Requests a lease without concurrent calls, so that the result can be checked against the pool before. */
async function requestAlone(simulation: PoolSimulation, random: Random): Promise<string> {
  const before = await readEligible(simulation)
  const result = await requestLease(simulation, random)
  const [credentialId = ''] = result.split(' ')
  const chosen = before.get(credentialId)
  if (result.includes('lease') && chosen === undefined) {
    throw new Error(`${credentialId} was leased although it was not eligible`)
  }
  for (const [id, { channelId, idle }] of before) {
    if (!idle || id === credentialId || channelId !== chosen?.channelId) continue
    simulation.passedOver.set(id, (simulation.passedOver.get(id) ?? 0) + 1)
  }
  return result
}

async function readEligible({
  fixture,
  store,
  skewMs,
}: PoolSimulation): Promise<Map<string, { channelId: string; idle: boolean }>> {
  const { channels } = await fixture.deps.catalogStore.load()
  const credentials = channels.flatMap((channel) => channel.credentials)
  const statuses = await store.read(credentials.map(({ id }) => id))
  const nowMs = fixture.clock.nowMs()
  const eligible = credentials.flatMap((credential) => {
    const status = statuses.get(credential.id) ?? idleStatus
    const { id, channelId } = credential
    const idle = status.leases === 0
    return checkEligibility(credential, { status, nowMs: nowMs + skewMs, model: MODEL }).eligible
      ? [[id, { channelId, idle }] as const]
      : []
  })
  return new Map(eligible)
}
