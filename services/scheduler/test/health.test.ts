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

/** Leases so many at once and gives each back with this outcome. */
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
const shown = async (scheduler: SchedulerModule) => {
  const { channels } = await scheduler.readCatalog({})
  return channels[0]?.credentials[0]
}

describe('a limit', () => {
  it('lets the credential rest for all replicas until the time that the upstream named', async () => {
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

  it('counts once when many calls meet it side by side', async () => {
    const { fixture, scheduler } = await setUp()
    const limited: Outcome = { kind: 'limited', retryAt: null }
    await use(scheduler, { fixture, outcomes: Array.from({ length: 8 }, () => limited) })
    expect((await shown(scheduler))?.coolingUntil).toEqual(new Date(fixture.clock.nowMs() + 5_000))
  })
})

describe('a refused key', () => {
  const reason = 'HTTP 401: Incorrect API key provided: sk-live-abcdefgh12345678'

  it('is used by nobody any more, says why without its secret, and is not retired', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    await use(scheduler, { fixture, outcomes: [{ kind: 'unauthorised', reason }] })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    expect(await shown(scheduler)).toMatchObject({ state: 'attention' })
    await fixture.clock.advance(1_000)
    const [row] = (await fixture.deps.catalogStore.load()).channels[0]?.credentials ?? []
    expect(row).toMatchObject({ id: credentialId, state: 'attention' })
    expect(row?.stateReason).toContain('Incorrect API key provided')
    expect(row?.stateReason).not.toContain('abcdefgh')
    expect(JSON.stringify(fixture.log.lines)).not.toContain('abcdefgh')
  })

  it('is used again at once when a person resumes it', async () => {
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
    expect(await shown(scheduler)).toMatchObject({ state: 'active' })
  })

  it('is not refused again by a call that began before a person resumed it', async () => {
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

  it('is left alone after five failures in a row, then probed by one lease only', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 5_000),
    })
    await fixture.clock.advance(5_000)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => scheduler.grantLease(leaseInput(fixture))),
    )
    expect(answers.filter(({ outcome }) => outcome === 'granted')).toHaveLength(1)
    expect(answers.filter(({ outcome }) => outcome === 'busy')).toHaveLength(9)
  })

  it('is used in full again when the probe succeeds, and those who wait are told', async () => {
    const { fixture, scheduler, channelId } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    fixture.freed.length = 0
    await use(scheduler, { fixture, outcomes: [ok] })
    await fixture.settle()
    expect(fixture.freed).toEqual([{ channelId }])
    await Promise.all([grant(scheduler, { fixture }), grant(scheduler, { fixture })])
  })

  it('is left alone for longer when the probe fails', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    await use(scheduler, { fixture, outcomes: [failed] })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({
      retryAt: new Date(fixture.clock.nowMs() + 10_000),
    })
  })

  it('is probed anew when the probe was given back unused or its holder died', async () => {
    const { fixture, scheduler } = await setUp()
    await use(scheduler, { fixture, outcomes: five })
    await fixture.clock.advance(5_000)
    await use(scheduler, { fixture, outcomes: [{ kind: 'aborted' }] })
    await grant(scheduler, { fixture, ttlMs: 2_000 })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(2_000)
    await grant(scheduler, { fixture })
  })

  it('learns every outcome, however many leases are given back at once', async () => {
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

  it('change the same health as leases do, and edges are told within a moment', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const retryAt = new Date(fixture.clock.nowMs() + 60_000)
    const outcomes: Outcome[] = [ok, { kind: 'limited', retryAt }, { kind: 'aborted' }]
    const at = fixture.clock.now()
    expect(await report(scheduler, { credentialId, outcomes, at })).toEqual({ applied: 3 })
    expect(await shown(scheduler)).toMatchObject({ coolingUntil: retryAt, state: 'active' })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(1_000)
    expect(fixture.catalogChanges()).toBeGreaterThan(0)
  })

  it('are taken in the order of their times, not of their arrival', async () => {
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

  it('close a circuit again by the first use after its open time', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    await report(scheduler, { credentialId, outcomes: five, at: fixture.clock.now() })
    expect((await shown(scheduler))?.coolingUntil).not.toBeNull()
    await fixture.clock.advance(4_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: fixture.clock.now() })
    await fixture.clock.advance(1_000)
    await report(scheduler, { credentialId, outcomes: [ok], at: fixture.clock.now() })
    await Promise.all([grant(scheduler, { fixture }), grant(scheduler, { fixture })])
  })

  it('from a clock that runs ahead make no failures of the future', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    const five = Array.from({ length: 5 }, () => failed)
    const at = new Date(fixture.clock.nowMs() + 86_400_000)
    await report(scheduler, { credentialId, outcomes: five, at })
    expect((await shown(scheduler))?.coolingUntil).toEqual(new Date(fixture.clock.nowMs() + 5_000))
  })

  it('about credentials that are gone are dropped', async () => {
    const { fixture, scheduler, credentialId } = await setUp()
    await scheduler.setCredentialState({ credentialId, state: 'retired' })
    const at = fixture.clock.now()
    expect(await report(scheduler, { credentialId, outcomes: [ok, ok], at })).toEqual({
      applied: 0,
    })
    expect(await scheduler.reportOutcomes({ outcomes: [] })).toEqual({ applied: 0 })
  })
})

describe('after a restart that forgot the pool', () => {
  const forgetful = (fixture: Fixture) =>
    fixture.started({ poolStore: createFixture().deps.poolStore, clock: fixture.clock })

  it('a refused key stays refused, and a long rest goes on', async () => {
    const { fixture, scheduler } = await setUp({ secrets: ['a', 'b'], concurrencyMax: 1 })
    const retryAt = new Date(fixture.clock.nowMs() + 3_600_000)
    const outcomes: Outcome[] = [
      { kind: 'unauthorised', reason: '401' },
      { kind: 'limited', retryAt },
    ]
    await use(scheduler, { fixture, outcomes })
    await scheduler.stop()
    const restarted = await forgetful(fixture)
    expect(await restarted.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 60_000),
    })
    await fixture.clock.advance(3_600_000)
    await grant(restarted, { fixture })
    expect(await restarted.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('what a replica learned and did not live to write is written by the others', async () => {
    const { fixture, scheduler } = await setUp()
    const dying = await fixture.started({ config: { backgroundEveryMs: 3_600_000 } })
    await use(dying, { fixture, outcomes: [{ kind: 'unauthorised', reason: '401' }] })
    await fixture.clock.advance(1_000)
    expect(await shown(scheduler)).toMatchObject({ state: 'attention' })
    const { channels } = await fixture.deps.catalogStore.load()
    expect(channels[0]?.credentials[0]).toMatchObject({ state: 'attention', stateReason: '401' })
  })
})
