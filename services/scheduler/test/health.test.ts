import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import type { SchedulerModule } from '../src/module.ts'
import type { World } from './world.ts'
import { addChannel, createWorld, grant, leaseInput } from './world.ts'

const failed: Outcome = { kind: 'failed', reason: 'HTTP 502' }
const ok: Outcome = { kind: 'ok' }

async function setUp(options: Parameters<typeof addChannel>[1] = {}) {
  const world = createWorld()
  const scheduler = await world.started()
  const { credentialIds, channelId } = await addChannel(scheduler, {
    concurrencyMax: 8,
    ...options,
  })
  const [credentialId = ''] = credentialIds
  await world.settle()
  await world.listen()
  return { world, scheduler, channelId, credentialId }
}

/** Leases so many at once and gives each back with this outcome. */
async function use(
  scheduler: SchedulerModule,
  { world, outcomes }: { world: World; outcomes: Outcome[] },
) {
  const leases = await Promise.all(outcomes.map(() => grant(scheduler, { world })))
  await Promise.all(
    leases.map(({ leaseId }, index) =>
      scheduler.releaseLease({ leaseId, outcome: outcomes[index] ?? ok }),
    ),
  )
}
const shown = async (scheduler: SchedulerModule) => {
  const { channels } = await scheduler.readCatalog({})
  return channels[0]?.credentials[0]
}

describe('a limit', () => {
  it('lets the credential rest for all replicas until the time that the upstream named', async () => {
    const { world, scheduler } = await setUp()
    const other = await world.started()
    const retryAt = new Date(world.clock.nowMs() + 20_000)
    await use(scheduler, { world, outcomes: [{ kind: 'limited', retryAt }] })
    const busy = { outcome: 'busy', retryAt }
    expect(await scheduler.grantLease(leaseInput(world))).toEqual(busy)
    expect(await other.grantLease(leaseInput(world))).toEqual(busy)
    await world.clock.advance(20_000)
    await grant(other, { world })
  })

  it('counts once when many calls meet it side by side', async () => {
    const { world, scheduler } = await setUp()
    const limited: Outcome = { kind: 'limited', retryAt: null }
    await use(scheduler, { world, outcomes: Array.from({ length: 8 }, () => limited) })
    expect((await shown(scheduler))?.coolingUntil).toEqual(new Date(world.clock.nowMs() + 5_000))
  })
})

describe('a refused key', () => {
  const reason = 'HTTP 401: Incorrect API key provided: sk-live-abcdefgh12345678'

  it('is used by nobody any more, says why without its secret, and is not retired', async () => {
    const { world, scheduler, credentialId } = await setUp()
    await use(scheduler, { world, outcomes: [{ kind: 'unauthorised', reason }] })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'none' })
    expect(await shown(scheduler)).toMatchObject({ state: 'attention' })
    await world.clock.advance(1_000)
    const [row] = (await world.deps.catalogStore.load()).channels[0]?.credentials ?? []
    expect(row).toMatchObject({ id: credentialId, state: 'attention' })
    expect(row?.stateReason).toContain('Incorrect API key provided')
    expect(row?.stateReason).not.toContain('abcdefgh')
    expect(JSON.stringify(world.log.lines)).not.toContain('abcdefgh')
  })

  it('is used again at once when a person resumes it', async () => {
    const { world, scheduler, credentialId, channelId } = await setUp()
    const other = await world.started()
    await use(scheduler, { world, outcomes: [{ kind: 'unauthorised', reason }] })
    await world.clock.advance(1_000)
    expect(await other.setCredentialState({ credentialId, state: 'active' })).toEqual({
      changed: true,
    })
    await world.settle()
    await grant(other, { world })
    await grant(scheduler, { world })
    expect(world.freed).toContainEqual({ channelId })
    await world.clock.advance(5_000)
    expect(await shown(scheduler)).toMatchObject({ state: 'active' })
  })

  it('is not refused again by a call that began before a person resumed it', async () => {
    const { world, scheduler, credentialId } = await setUp()
    const early = await grant(scheduler, { world })
    await use(scheduler, { world, outcomes: [{ kind: 'unauthorised', reason }] })
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    const outcome: Outcome = { kind: 'unauthorised', reason }
    expect(await scheduler.releaseLease({ leaseId: early.leaseId, outcome })).toEqual({
      released: true,
    })
    await grant(scheduler, { world })
  })
})

describe('a failing upstream', () => {
  const five = Array.from({ length: 5 }, () => failed)

  it('is left alone after five failures in a row, then probed by one lease only', async () => {
    const { world, scheduler } = await setUp()
    await use(scheduler, { world, outcomes: five })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({
      outcome: 'busy',
      retryAt: new Date(world.clock.nowMs() + 5_000),
    })
    await world.clock.advance(5_000)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => scheduler.grantLease(leaseInput(world))),
    )
    expect(answers.filter(({ outcome }) => outcome === 'granted')).toHaveLength(1)
    expect(answers.filter(({ outcome }) => outcome === 'busy')).toHaveLength(9)
  })

  it('is used in full again when the probe succeeds, and those who wait are told', async () => {
    const { world, scheduler, channelId } = await setUp()
    await use(scheduler, { world, outcomes: five })
    await world.clock.advance(5_000)
    world.freed.length = 0
    await use(scheduler, { world, outcomes: [ok] })
    await world.settle()
    expect(world.freed).toEqual([{ channelId }])
    await Promise.all([grant(scheduler, { world }), grant(scheduler, { world })])
  })

  it('is left alone for longer when the probe fails', async () => {
    const { world, scheduler } = await setUp()
    await use(scheduler, { world, outcomes: five })
    await world.clock.advance(5_000)
    await use(scheduler, { world, outcomes: [failed] })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({
      retryAt: new Date(world.clock.nowMs() + 10_000),
    })
  })

  it('is probed anew when the probe was given back unused or its holder died', async () => {
    const { world, scheduler } = await setUp()
    await use(scheduler, { world, outcomes: five })
    await world.clock.advance(5_000)
    await use(scheduler, { world, outcomes: [{ kind: 'aborted' }] })
    await grant(scheduler, { world, ttlMs: 2_000 })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
    await world.clock.advance(2_000)
    await grant(scheduler, { world })
  })

  it('learns every outcome, however many leases are given back at once', async () => {
    const { world, scheduler } = await setUp({ concurrencyMax: 200 })
    await use(scheduler, { world, outcomes: Array.from({ length: 200 }, () => failed) })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
    await world.clock.advance(5_000)
    await grant(scheduler, { world })
  })
})

describe('reports of shared credentials', () => {
  const report = (
    scheduler: SchedulerModule,
    { credentialId, outcomes, at }: { credentialId: string; outcomes: Outcome[]; at: Date },
  ) =>
    scheduler.reportOutcomes({
      outcomes: outcomes.map((outcome) => ({ credentialId, outcome, at })),
    })

  it('change the same health as leases do, and edges are told within a moment', async () => {
    const { world, scheduler, credentialId } = await setUp()
    const retryAt = new Date(world.clock.nowMs() + 60_000)
    const outcomes: Outcome[] = [ok, { kind: 'limited', retryAt }, { kind: 'aborted' }]
    const at = world.clock.now()
    expect(await report(scheduler, { credentialId, outcomes, at })).toEqual({ applied: 3 })
    expect(await shown(scheduler)).toMatchObject({ coolingUntil: retryAt, state: 'active' })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
    await world.clock.advance(1_000)
    expect(world.catalogChanges()).toBeGreaterThan(0)
  })

  it('are taken in the order of their times, not of their arrival', async () => {
    const { world, scheduler, credentialId } = await setUp()
    const at = (ms: number) => new Date(world.clock.nowMs() + ms - 10_000)
    const outcomes = [
      { credentialId, outcome: ok, at: at(1) },
      ...[2, 3, 4, 5, 6].map((ms) => ({ credentialId, outcome: failed, at: at(ms) })),
    ]
    await scheduler.reportOutcomes({ outcomes: outcomes.toReversed() })
    await world.clock.advance(0)
    // Five in a row open the circuit; the success came before them.
    const standing = (await world.deps.poolStore.read([credentialId])).get(credentialId)
    expect(standing?.health.circuit.state).toBe('open')
  })

  it('close a circuit again by the first use after its open time', async () => {
    const { world, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    await report(scheduler, { credentialId, outcomes: five, at: world.clock.now() })
    expect((await shown(scheduler))?.coolingUntil).not.toBeNull()
    await world.clock.advance(4_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: world.clock.now() })
    await world.clock.advance(1_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: world.clock.now() })
    await Promise.all([grant(scheduler, { world }), grant(scheduler, { world })])
  })

  it('from a clock that runs ahead make no failures of the future', async () => {
    const { world, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    const at = new Date(world.clock.nowMs() + 86_400_000)
    await report(scheduler, { credentialId, outcomes: five, at })
    expect((await shown(scheduler))?.coolingUntil).toEqual(new Date(world.clock.nowMs() + 5_000))
  })

  it('about credentials that are gone are dropped', async () => {
    const { world, scheduler, credentialId } = await setUp()
    await scheduler.setCredentialState({ credentialId, state: 'retired' })
    const at = world.clock.now()
    expect(await report(scheduler, { credentialId, outcomes: [ok, ok], at })).toEqual({
      applied: 0,
    })
    expect(await scheduler.reportOutcomes({ outcomes: [] })).toEqual({ applied: 0 })
  })
})

describe('after a restart that forgot the pool', () => {
  const forgetful = (world: World) =>
    world.started({ poolStore: createWorld().deps.poolStore, clock: world.clock })

  it('a refused key stays refused, and a long rest goes on', async () => {
    const { world, scheduler } = await setUp({ secrets: ['a', 'b'], concurrencyMax: 1 })
    const retryAt = new Date(world.clock.nowMs() + 3_600_000)
    const outcomes: Outcome[] = [
      { kind: 'unauthorised', reason: '401' },
      { kind: 'limited', retryAt },
    ]
    await use(scheduler, { world, outcomes })
    await scheduler.stop()
    const restarted = await forgetful(world)
    expect(await restarted.grantLease(leaseInput(world))).toEqual({
      outcome: 'busy',
      retryAt: new Date(world.clock.nowMs() + 60_000),
    })
    await world.clock.advance(3_600_000)
    await grant(restarted, { world })
    expect(await restarted.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
  })

  it('what a replica learned and did not live to write is written by the others', async () => {
    const { world, scheduler } = await setUp()
    const dying = await world.started({ config: { upkeepEveryMs: 3_600_000 } })
    await use(dying, { world, outcomes: [{ kind: 'unauthorised', reason: '401' }] })
    await world.clock.advance(1_000)
    expect(await shown(scheduler)).toMatchObject({ state: 'attention' })
    const { channels } = await world.deps.catalogStore.load()
    expect(channels[0]?.credentials[0]).toMatchObject({ state: 'attention', stateReason: '401' })
  })
})
