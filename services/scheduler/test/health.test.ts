import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import type { SchedulerModule } from '../src/module.ts'
import type { Fixture } from './fixture.ts'
import { addChannel, createFixture, grant, leaseInput } from './fixture.ts'

const failed: Outcome = { kind: 'failed', reason: 'HTTP 502' }
const ok: Outcome = { kind: 'ok' }

async function setUp(options: Parameters<typeof addChannel>[1] = {}) {
  const fixture = createFixture()
  const scheduler = await fixture.started()
  const { credentialIds, channelId } = await addChannel(scheduler, {
    concurrencyMax: 8,
    ...options,
  })
  const [credentialId = ''] = credentialIds
  await fixture.settle()
  await fixture.listen()
  return { fixture, scheduler, channelId, credentialId }
}

/** Takes one lease per outcome concurrently and releases each with its outcome. */
async function use(
  scheduler: SchedulerModule,
  { fixture, outcomes }: { fixture: Fixture; outcomes: Outcome[] },
) {
  const leases = await Promise.all(outcomes.map(() => grant(scheduler, { fixture })))
  await Promise.all(
    leases.map(({ leaseId }, index) =>
      scheduler.releaseLease({ leaseId, outcome: outcomes[index] ?? ok }),
    ),
  )
}
const readCredential = async (scheduler: SchedulerModule) => {
  const { channels } = await scheduler.readCatalog({})
  return channels[0]?.credentials[0]
}

describe('a limit', () => {
  it('cools the credential down for all replicas until the time that the upstream stated', async () => {
    const { fixture, scheduler } = await setUp()
    const other = await fixture.started()
    const retryAt = new Date(fixture.clock.nowMs() + 20_000)
    await use(scheduler, { fixture, outcomes: [{ kind: 'limited', retryAt }] })
    const busy = { outcome: 'busy', retryAt }
    expect(await scheduler.grantLease(leaseInput(fixture))).toEqual(busy)
    expect(await other.grantLease(leaseInput(fixture))).toEqual(busy)
    await fixture.clock.advance(20_000)
    await grant(other, { fixture })
  })

  it('is written to the row once, without a new version and without reading the rows again', async () => {
    const fixture = createFixture()
    const real = fixture.deps.catalogStore
    const calls = { load: 0, writeHealth: 0 }
    const catalogStore: typeof real = {
      ...real,
      load: () => ((calls.load += 1), real.load()),
      writeHealth: (input) => ((calls.writeHealth += 1), real.writeHealth(input)),
    }
    const scheduler = await fixture.started({ catalogStore })
    await addChannel(scheduler)
    await fixture.clock.advance(1_000)
    const [version, loads] = [await real.readVersion(), calls.load]
    const retryAt = new Date(fixture.clock.nowMs() + 60_000)
    await use(scheduler, { fixture, outcomes: [{ kind: 'limited', retryAt }] })
    await fixture.clock.advance(5_000)
    expect((await real.load()).channels[0]?.credentials[0]?.coolingUntil).toEqual(retryAt)
    expect(await real.readVersion()).toBe(version)
    expect(calls).toEqual({ load: loads, writeHealth: 1 })
    expect((await readCredential(scheduler))?.coolingUntil).toEqual(retryAt)
  })

  it('counts once when concurrent calls receive it', async () => {
    const { fixture, scheduler } = await setUp()
    const limited: Outcome = { kind: 'limited', retryAt: null }
    await use(scheduler, { fixture, outcomes: Array.from({ length: 8 }, () => limited) })
    expect((await readCredential(scheduler))?.coolingUntil).toEqual(
      new Date(fixture.clock.nowMs() + 5_000),
    )
  })
})

describe('a refused key', () => {
  const reason = 'HTTP 401: Incorrect API key provided: sk-live-abcdefgh12345678'

  it('is not leased any more, has a reason without its secret, and is not retired', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    await use(scheduler, { fixture, outcomes: [{ kind: 'unauthorised', reason }] })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    expect(await readCredential(scheduler)).toMatchObject({ state: 'attention' })
    await fixture.clock.advance(1_000)
    const [row] = (await fixture.deps.catalogStore.load()).channels[0]?.credentials ?? []
    expect(row).toMatchObject({ id: credentialId, state: 'attention' })
    expect(row?.stateReason).toContain('Incorrect API key provided')
    expect(row?.stateReason).not.toContain('abcdefgh')
    expect(JSON.stringify(fixture.log.lines)).not.toContain('abcdefgh')
  })

  it('is leased again at once when an operator resumes it', async () => {
    const { fixture, scheduler, credentialId, channelId } = await setUp()
    const other = await fixture.started()
    await use(scheduler, { fixture, outcomes: [{ kind: 'unauthorised', reason }] })
    await fixture.clock.advance(1_000)
    expect(await other.setCredentialState({ credentialId, state: 'active' })).toEqual({
      changed: true,
    })
    await fixture.settle()
    await grant(other, { fixture })
    await grant(scheduler, { fixture })
    expect(fixture.freed).toContainEqual({ channelId })
    await fixture.clock.advance(5_000)
    expect(await readCredential(scheduler)).toMatchObject({ state: 'active' })
  })

  it('is not disabled again by a call that began before an operator resumed it', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const early = await grant(scheduler, { fixture })
    await use(scheduler, { fixture, outcomes: [{ kind: 'unauthorised', reason }] })
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    const outcome: Outcome = { kind: 'unauthorised', reason }
    expect(await scheduler.releaseLease({ leaseId: early.leaseId, outcome })).toEqual({
      released: true,
    })
    await grant(scheduler, { fixture })
  })
})

describe('a failing upstream', () => {
  const five = Array.from({ length: 5 }, () => failed)

  it('is not used after five consecutive failures, then probed by one lease only', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 5_000),
    })
    await fixture.clock.advance(5_000)
    const results = await Promise.all(
      Array.from({ length: 10 }, () => scheduler.grantLease(leaseInput(fixture))),
    )
    expect(results.filter(({ outcome }) => outcome === 'granted')).toHaveLength(1)
    expect(results.filter(({ outcome }) => outcome === 'busy')).toHaveLength(9)
  })

  it('is used without a limit again when the probe succeeds, and lease-freed is announced', async () => {
    const { fixture, scheduler, channelId } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    fixture.freed.length = 0
    await use(scheduler, { fixture, outcomes: [ok] })
    await fixture.settle()
    expect(fixture.freed).toEqual([{ channelId }])
    await Promise.all([grant(scheduler, { fixture }), grant(scheduler, { fixture })])
  })

  it('is not used for longer when the probe fails', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    await use(scheduler, { fixture, outcomes: [failed] })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({
      retryAt: new Date(fixture.clock.nowMs() + 10_000),
    })
  })

  it('is probed again when the probe was aborted or its lease expired', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    await use(scheduler, { fixture, outcomes: [{ kind: 'aborted' }] })
    await grant(scheduler, { fixture, ttlMs: 2_000 })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(2_000)
    await grant(scheduler, { fixture })
  })

  it('counts every outcome of concurrently released leases', async () => {
    const { fixture, scheduler } = await setUp({ concurrencyMax: 200 })
    await use(scheduler, { fixture, outcomes: Array.from({ length: 200 }, () => failed) })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(5_000)
    await grant(scheduler, { fixture })
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

  it('change the same health as leases, and catalog-changed is announced within a second', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const retryAt = new Date(fixture.clock.nowMs() + 60_000)
    const outcomes: Outcome[] = [ok, { kind: 'limited', retryAt }, { kind: 'aborted' }]
    const at = fixture.clock.now()
    expect(await report(scheduler, { credentialId, outcomes, at })).toEqual({ applied: 3 })
    expect(await readCredential(scheduler)).toMatchObject({
      coolingUntil: retryAt,
      state: 'active',
    })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(1_000)
    expect(fixture.catalogChanges()).toBeGreaterThan(0)
  })

  it('are applied in the order of their times, not of their arrival', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const at = (ms: number) => new Date(fixture.clock.nowMs() + ms - 10_000)
    const outcomes = [
      { credentialId, outcome: ok, at: at(1) },
      ...[2, 3, 4, 5, 6].map((ms) => ({ credentialId, outcome: failed, at: at(ms) })),
    ]
    await scheduler.reportOutcomes({ outcomes: outcomes.toReversed() })
    await fixture.clock.advance(0)
    // Five in a row open the circuit; the success came before them.
    const status = (await fixture.deps.poolStore.read([credentialId])).get(credentialId)
    expect(status?.health.circuit.state).toBe('open')
  })

  it('close a circuit with the first use after its open time', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    await report(scheduler, { credentialId, outcomes: five, at: fixture.clock.now() })
    expect((await readCredential(scheduler))?.coolingUntil).not.toBeNull()
    await fixture.clock.advance(4_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: fixture.clock.now() })
    await fixture.clock.advance(1_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: fixture.clock.now() })
    await Promise.all([grant(scheduler, { fixture }), grant(scheduler, { fixture })])
  })

  it('with a time in the future are applied with the current time', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    const at = new Date(fixture.clock.nowMs() + 86_400_000)
    await report(scheduler, { credentialId, outcomes: five, at })
    expect((await readCredential(scheduler))?.coolingUntil).toEqual(
      new Date(fixture.clock.nowMs() + 5_000),
    )
  })

  it('of retired credentials are dropped', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    await scheduler.setCredentialState({ credentialId, state: 'retired' })
    const at = fixture.clock.now()
    expect(await report(scheduler, { credentialId, outcomes: [ok, ok], at })).toEqual({
      applied: 0,
    })
    expect(await scheduler.reportOutcomes({ outcomes: [] })).toEqual({ applied: 0 })
  })
})

describe('after a restart with an empty pool', () => {
  const restartWithEmptyPool = (fixture: Fixture) =>
    fixture.started({ poolStore: createFixture().deps.poolStore, clock: fixture.clock })

  it('a disabled credential stays disabled, and a long cooldown continues', async () => {
    const { fixture, scheduler } = await setUp({ secrets: ['a', 'b'], concurrencyMax: 1 })
    const retryAt = new Date(fixture.clock.nowMs() + 3_600_000)
    const outcomes: Outcome[] = [
      { kind: 'unauthorised', reason: '401' },
      { kind: 'limited', retryAt },
    ]
    await use(scheduler, { fixture, outcomes })
    await scheduler.stop()
    const restarted = await restartWithEmptyPool(fixture)
    expect(await restarted.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 60_000),
    })
    await fixture.clock.advance(3_600_000)
    await grant(restarted, { fixture })
    expect(await restarted.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('health that a replica did not write before it died is written by the others', async () => {
    const { fixture, scheduler } = await setUp()
    const dead = await fixture.started({ config: { backgroundEveryMs: 3_600_000 } })
    await use(dead, { fixture, outcomes: [{ kind: 'unauthorised', reason: '401' }] })
    await fixture.clock.advance(1_000)
    expect(await readCredential(scheduler)).toMatchObject({ state: 'attention' })
    const { channels } = await fixture.deps.catalogStore.load()
    expect(channels[0]?.credentials[0]).toMatchObject({ state: 'attention', stateReason: '401' })
  })
})
