import { AppError } from '@sluice/kernel/app-error'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import { describe, expect, it } from 'vitest'

import { addChannel, createFixture, grant, leaseInput, MODEL } from './fixture.ts'

async function setUp(options: Parameters<typeof addChannel>[1] = {}) {
  const fixture = createFixture()
  const scheduler = await fixture.started()
  const pool = await addChannel(scheduler, options)
  await fixture.settle()
  await fixture.listen()
  return { fixture, scheduler, ...pool }
}

describe('a lease', () => {
  it('has the sealed secret of its credential, which opens with that binding only', async () => {
    const { fixture, scheduler, channelId, credentialIds } = await setUp()
    const lease = await grant(scheduler, { fixture })
    expect(lease).toMatchObject({ channelId, credentialId: credentialIds[0] })
    expect(lease.expiresAt).toEqual(new Date(fixture.clock.nowMs() + 30_000))
    const { sealer } = fixture.deps
    expect(sealer.open(credentialSecretBinding(lease.credentialId), lease.secret)).toBe(
      'first-secret',
    )
    expect(() => sealer.open(credentialSecretBinding(channelId), lease.secret)).toThrow(AppError)
  })

  it('is refused as busy while all slots are taken, with the time of the next attempt', async () => {
    const { fixture, scheduler } = await setUp()
    await grant(scheduler, { fixture })
    expect(await scheduler.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 1_000),
    })
  })

  it('is refused as none, with a reason, when no credential serves the model', async () => {
    const { fixture, scheduler, credentialIds } = await setUp()
    const none = expect.objectContaining({ outcome: 'none' })
    expect(await scheduler.grantLease(leaseInput(fixture, { model: 'other' }))).toEqual(none)
    const exclude = credentialIds
    expect(await scheduler.grantLease(leaseInput(fixture, { exclude }))).toEqual(none)
  })

  it('is valid while it is renewed, and lost once it expired', async () => {
    const { fixture, scheduler } = await setUp()
    const { leaseId } = await grant(scheduler, { fixture })
    await fixture.clock.advance(29_000)
    expect(await scheduler.renewLease({ leaseId, ttlMs: 30_000 })).toEqual({
      outcome: 'renewed',
      expiresAt: new Date(fixture.clock.nowMs() + 30_000),
    })
    await fixture.clock.advance(29_000)
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
    await fixture.clock.advance(1_000)
    expect(await scheduler.renewLease({ leaseId, ttlMs: 30_000 })).toEqual({ outcome: 'lost' })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: false,
    })
  })

  it('is released once by repeated calls', async () => {
    const { fixture, scheduler } = await setUp()
    const { leaseId } = await grant(scheduler, { fixture })
    const release = () => scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
    expect(await Promise.all([release(), release()])).toContainEqual({ released: true })
    expect(await release()).toEqual({ released: false })
    await grant(scheduler, { fixture })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('is released when the caller aborts during the grant', async () => {
    const { fixture, scheduler } = await setUp()
    const controller = new AbortController()
    const call = scheduler.grantLease(leaseInput(fixture), { signal: controller.signal })
    controller.abort(new Error('the caller has gone'))
    await expect(call).rejects.toThrow('the caller has gone')
    await grant(scheduler, { fixture })
  })

  it('needs no database query from grant to release', async () => {
    const fixture = createFixture()
    const before = await fixture.started()
    await addChannel(before, { concurrencyMax: 3 })
    const calls: string[] = []
    const catalogStore = new Proxy(fixture.deps.catalogStore, {
      get: (store, method, receiver) => {
        calls.push(String(method))
        return Reflect.get(store, method, receiver)
      },
    })
    const catalogMaxAgeMs = 3_600_000
    const scheduler = await fixture.started({ catalogStore, config: { catalogMaxAgeMs } })
    calls.length = 0
    for (let turn = 0; turn < 5; turn += 1) {
      const { leaseId } = await grant(scheduler, { fixture })
      await scheduler.renewLease({ leaseId, ttlMs: 30_000 })
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
      await fixture.clock.advance(1_000)
    }
    expect(calls).toEqual([])
  })
})

describe('the event lease-freed', () => {
  it('is announced only when a caller may have been refused for the slot', async () => {
    const { fixture, scheduler, channelId } = await setUp({ concurrencyMax: 2 })
    const [first, second] = [
      await grant(scheduler, { fixture }),
      await grant(scheduler, { fixture }),
    ]
    const release = async (leaseId: string) => {
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
      await fixture.settle()
    }
    await release(first.leaseId)
    expect(fixture.freed).toEqual([{ channelId }])
    await release(second.leaseId)
    expect(fixture.freed).toHaveLength(1)
  })

  it('is announced when a lease expires', async () => {
    const { fixture, scheduler, channelId } = await setUp()
    await grant(scheduler, { fixture })
    await fixture.clock.advance(29_000)
    expect(fixture.freed).toEqual([])
    await fixture.clock.advance(2_000)
    expect(fixture.freed).toEqual([{ channelId }])
    expect(fixture.log.lines).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('expired') }),
    )
  })

  it('is announced when an operator adds or resumes a credential', async () => {
    const { fixture, scheduler, channelId, credentialIds } = await setUp()
    const [credentialId = ''] = credentialIds
    await scheduler.setCredentialState({ credentialId, state: 'paused' })
    await fixture.settle()
    expect(fixture.freed).toEqual([])
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    const another = [{ secret: 'another', concurrencyMax: 1 }]
    await scheduler.importCredentials({ channelId, credentials: another })
    await fixture.settle()
    expect(fixture.freed).toEqual([{ channelId }, { channelId }])
  })

  it('may be lost without the bus, without an effect on leases', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    await addChannel(scheduler)
    await fixture.bus.close({ withinMs: 0 })
    const { leaseId } = await grant(scheduler, { fixture })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: true,
    })
  })
})

describe('many credentials', () => {
  it('are all tried, although hundreds before them are full', async () => {
    const secrets = Array.from({ length: 600 }, (_, index) => `secret-${index}`)
    const { fixture, scheduler } = await setUp({ secrets })
    const other = fixture.replica()
    await other.start()
    // The leases of one replica are not in the cache of the other yet.
    const taken = new Set<string>()
    for (const _ of secrets) taken.add((await grant(scheduler, { fixture })).credentialId)
    expect(taken.size).toBe(secrets.length)
    const { credentialIds } = await addChannel(scheduler, { name: 'late', secrets: ['last'] })
    await fixture.settle()
    expect((await grant(other, { fixture })).credentialId).toBe(credentialIds[0])
    expect(await other.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('are all used when the load is low', async () => {
    const secrets = ['a', 'b', 'c', 'd']
    const { fixture, scheduler } = await setUp({ secrets, concurrencyMax: 8 })
    const counts = new Map<string, number>()
    for (let turn = 0; turn < 400; turn += 1) {
      const { leaseId, credentialId } = await grant(scheduler, { fixture, model: MODEL })
      counts.set(credentialId, (counts.get(credentialId) ?? 0) + 1)
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
    }
    expect(counts.size).toBe(4)
    for (const count of counts.values()) expect(count).toBeGreaterThan(60)
  })
})
