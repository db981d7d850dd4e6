import type { Lease, Outcome } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'
import { simulate } from '@sluice/testkit/simulate'

import { idleStanding, judge } from '../src/eligibility/eligible.ts'
import type { SchedulerModule } from '../src/module.ts'
import type { PoolStore } from '../src/store/pool-store.ts'
import type { World } from './world.ts'
import { addChannel, createWorld, leaseInput } from './world.ts'

/** What a holder knows of its lease; the witness that does not believe the pool. */
interface Held {
  lease: Lease
  grantedAtMs: number
  expiresAtMs: number
  /** How often we were told that it ended. */
  ends: number
  /** Its holder has died and will say no more. */
  silent: boolean
}

interface Scene {
  world: World
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

/** With three idle credentials a channel, the chance to be passed over so often is one in ten million. */
const PASSED_OVER_MAX = 40
const LIMITS = { tight: 1, loose: 3 }

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
    world: () => setScene({ seed, openStore, skewMs }),
    actions,
    check,
  })
  await drain(scene)
}

async function setScene({
  seed,
  openStore,
  skewMs,
}: {
  seed: number
  openStore: (clock: Clock) => PoolStore
  skewMs: number
}): Promise<Scene> {
  const world = createWorld({ seed })
  const held: Scene['held'] = new Map()
  const inner = openStore(world.clock)
  const store: PoolStore = {
    ...inner,
    reap: async (input) => {
      const reaped = await inner.reap(input)
      for (const { leaseId } of reaped) noteEnd(held.get(leaseId))
      return reaped
    },
  }
  const start = () => world.started({ poolStore: store })
  const replicas = [await start(), await start()]
  const [first] = replicas
  if (first === undefined) throw new Error('there are two')
  const secrets = ['a', 'b', 'c']
  await addChannel(first, { name: 'x', weight: 2, secrets, concurrencyMax: LIMITS.tight })
  await addChannel(first, { name: 'y', weight: 1, secrets, concurrencyMax: LIMITS.loose })
  await world.settle()
  const known = { fences: new Map(), passedOver: new Map(), down: new Set<string>() }
  return { world, replicas, store, held, skewMs, ...known }
}

function noteEnd(held: Held | undefined): void {
  if (held === undefined) return
  held.ends += 1
  if (held.ends > 1) throw new Error(`lease ${held.lease.leaseId} ended twice`)
}

const pick = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[random.integer(items.length)]
const alive = ({ world, held, skewMs }: Scene) =>
  [...held.values()].filter(
    ({ ends, expiresAtMs }) => ends === 0 && world.clock.nowMs() < expiresAtMs - skewMs,
  )
const speaking = (scene: Scene) => [...scene.held.values()].filter(({ silent }) => !silent)

function rollOutcome(
  { world, down }: Scene,
  { random, credentialId }: { random: Random; credentialId: string },
): Outcome {
  const roll = random.next()
  if (roll < 0.06) return { kind: 'aborted' }
  if (roll < 0.08) return { kind: 'unauthorised', reason: 'HTTP 401' }
  if (roll < 0.13) {
    const retryAt = new Date(world.clock.nowMs() + random.integer(20_000))
    return { kind: 'limited', retryAt: random.next() < 0.5 ? null : retryAt }
  }
  const fails = down.has(credentialId) ? 0.95 : 0.1
  return random.next() < fails ? { kind: 'failed', reason: 'HTTP 500' } : { kind: 'ok' }
}

async function ask(scene: Scene, random: Random): Promise<string> {
  const { world, held, fences, replicas } = scene
  const ttlMs = 1_000 + random.integer(30_000)
  const facts = random.next() < 0.2 ? { affinity: `a${random.integer(5)}` } : {}
  const replica = pick(replicas, random)
  const answer = await replica?.grantLease(leaseInput(world, { ttlMs, ...facts }))
  if (answer?.outcome === 'busy' && answer.retryAt.getTime() <= world.clock.nowMs()) {
    throw new Error('whoever is refused must be told of a time to come')
  }
  if (answer?.outcome !== 'granted') return answer?.outcome ?? 'nobody'
  const { lease } = answer
  if (held.has(lease.leaseId)) throw new Error('a lease was given twice')
  if (lease.fence <= (fences.get(lease.credentialId) ?? 0)) throw new Error('a fence fell back')
  fences.set(lease.credentialId, lease.fence)
  const [grantedAtMs, expiresAtMs] = [world.clock.nowMs(), lease.expiresAt.getTime()]
  held.set(lease.leaseId, { lease, grantedAtMs, expiresAtMs, ends: 0, silent: false })
  scene.passedOver.set(lease.credentialId, 0)
  return `${lease.credentialId} by ${lease.leaseId}`
}

async function giveBack(scene: Scene, random: Random): Promise<string> {
  const held = pick(speaking(scene), random)
  if (held === undefined) return 'nothing is held'
  const { leaseId, credentialId } = held.lease
  const outcome = rollOutcome(scene, { random, credentialId })
  const answer = await pick(scene.replicas, random)?.releaseLease({ leaseId, outcome })
  if (answer?.released && scene.world.clock.nowMs() >= held.expiresAtMs) {
    throw new Error('a lease was given back after its end')
  }
  if (answer?.released) noteEnd(held)
  if (random.next() < 0.9) held.silent = true
  return `${leaseId} ${outcome.kind} ${answer?.released}`
}

/** Asks while nobody else does, so that what the pool knew before can be held against the answer. */
async function askAlone(scene: Scene, random: Random): Promise<string> {
  const before = await readEligible(scene)
  const answer = await ask(scene, random)
  const [credentialId = ''] = answer.split(' ')
  const chosen = before.get(credentialId)
  if (answer.includes('lease') && chosen === undefined) {
    throw new Error(`${credentialId} was leased although it was not eligible`)
  }
  for (const [id, { channelId, idle }] of before) {
    if (!idle || id === credentialId || channelId !== chosen?.channelId) continue
    scene.passedOver.set(id, (scene.passedOver.get(id) ?? 0) + 1)
  }
  return answer
}

async function readEligible({
  world,
  store,
  skewMs,
}: Scene): Promise<Map<string, { channelId: string; idle: boolean }>> {
  const { channels } = await world.deps.catalogStore.load()
  const credentials = channels.flatMap((channel) => channel.credentials)
  const standings = await store.read(credentials.map(({ id }) => id))
  const nowMs = world.clock.nowMs()
  const eligible = credentials.flatMap((credential) => {
    const standing = standings.get(credential.id) ?? idleStanding
    const { id, channelId } = credential
    const idle = standing.leases === 0
    return judge(credential, { standing, nowMs: nowMs + skewMs }).eligible
      ? [[id, { channelId, idle }] as const]
      : []
  })
  return new Map(eligible)
}

const actions: Action<Scene>[] = [
  { name: 'ask', weight: 6, run: askAlone },
  { name: 'give back', weight: 6, run: giveBack },
  {
    name: 'all at once',
    weight: 2,
    run: async (scene, random) => {
      const count = 2 + random.integer(8)
      const work = Array.from({ length: count }, () =>
        random.next() < 0.6 ? ask(scene, random) : giveBack(scene, random),
      )
      return (await Promise.all(work)).join(', ')
    },
  },
  {
    name: 'renew',
    weight: 2,
    run: async (scene, random) => {
      const held = pick(speaking(scene), random)
      if (held === undefined) return
      const ttlMs = 1_000 + random.integer(30_000)
      const { leaseId } = held.lease
      const answer = await pick(scene.replicas, random)?.renewLease({ leaseId, ttlMs })
      if (answer?.outcome === 'renewed') held.expiresAtMs = answer.expiresAt.getTime()
      return answer?.outcome
    },
  },
  {
    name: 'holder dies',
    weight: 0.5,
    run: async (scene, random) => {
      const held = pick(speaking(scene), random)
      if (held) held.silent = true
    },
  },
  {
    name: 'time passes',
    weight: 3,
    run: async ({ world }, random) => {
      const ms = random.next() < 0.2 ? random.integer(60_000) : random.integer(3_000)
      await world.clock.advance(ms)
      return ms
    },
  },
  {
    name: 'edges report',
    weight: 0.5,
    run: async (scene, random) => {
      const { world, replicas, fences } = scene
      const credentialId = pick([...fences.keys()], random)
      if (credentialId === undefined) return
      const outcomes = Array.from({ length: 1 + random.integer(6) }, () => ({
        credentialId,
        outcome: rollOutcome(scene, { random, credentialId }),
        at: new Date(world.clock.nowMs() - random.integer(2_000)),
      }))
      return pick(replicas, random)?.reportOutcomes({ outcomes })
    },
  },
  {
    name: 'an upstream breaks or mends',
    weight: 0.7,
    run: ({ down, fences }, random) => {
      const credentialId = pick([...fences.keys()], random) ?? ''
      if (!down.delete(credentialId)) down.add(credentialId)
    },
  },
  {
    name: 'a person speaks',
    weight: 0.7,
    run: async ({ replicas, fences, world }, random) => {
      const credentialId = pick([...fences.keys()], random)
      if (credentialId === undefined) return
      const state = random.next() < 0.15 ? 'paused' : 'active'
      await pick(replicas, random)?.setCredentialState({ credentialId, state })
      await world.settle()
      return `${credentialId} ${state}`
    },
  },
  {
    name: 'a replica restarts',
    weight: 0.2,
    run: async ({ replicas, world, store }, random) => {
      const at = random.integer(replicas.length)
      await replicas[at]?.stop()
      replicas[at] = await world.started({ poolStore: store })
    },
  },
]

async function check(scene: Scene): Promise<void> {
  const { world, store, skewMs } = scene
  const { channels } = await world.deps.catalogStore.load()
  const credentials = channels.flatMap((channel) => channel.credentials)
  const standings = await store.read(credentials.map(({ id }) => id))
  const leases = Map.groupBy(alive(scene), ({ lease }) => lease.credentialId)
  for (const { id, concurrencyMax, epoch } of credentials) {
    const mine = leases.get(id) ?? []
    if (mine.length > concurrencyMax) throw new Error(`${id} has ${mine.length} leases`)
    const { health, epoch: learnedAt } = standings.get(id) ?? idleStanding
    const { circuit } = health
    if (circuit.state === 'open' && learnedAt === epoch) {
      const probes = mine.filter(({ grantedAtMs }) => grantedAtMs >= circuit.untilMs - skewMs)
      if (probes.length > 1) throw new Error(`${id} is probed ${probes.length} times at once`)
    }
    if ((scene.passedOver.get(id) ?? 0) > PASSED_OVER_MAX) throw new Error(`${id} starves`)
  }
}

/** All holders fall silent: after the longest lease every one must have ended, once. */
async function drain({ world, held, replicas }: Scene): Promise<void> {
  await world.clock.advance(120_000)
  for (const replica of replicas) await replica.stop()
  const open = [...held.values()].filter(({ ends }) => ends !== 1)
  if (open.length > 0) throw new Error(`${open.length} of ${held.size} leases never ended`)
}
