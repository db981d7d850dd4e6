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
  it('brings the sealed secret of its credential, which opens in that place only', async () => {
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

  it('is refused as busy while all places are taken, with a time to come back', async () => {
    const { fixture, scheduler } = await setUp()
    await grant(scheduler, { fixture })
    expect(await scheduler.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 1_000),
    })
  })

  it('is refused for good where nothing serves the model, and says why', async () => {
    const { fixture, scheduler, credentialIds } = await setUp()
    const none = expect.objectContaining({ outcome: 'none' })
    expect(await scheduler.grantLease(leaseInput(fixture, { model: 'other' }))).toEqual(none)
    const exclude = credentialIds
    expect(await scheduler.grantLease(leaseInput(fixture, { exclude }))).toEqual(none)
  })

  it('lives as long as it is renewed, and is lost once it expired', async () => {
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

  it('is released once, however often that is asked', async () => {
    const { fixture, scheduler } = await setUp()
    const { leaseId } = await grant(scheduler, { fixture })
    const release = () => scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
    expect(await Promise.all([release(), release()])).toContainEqual({ released: true })
    expect(await release()).toEqual({ released: false })
    await grant(scheduler, { fixture })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('is not kept from others by a caller who has gone while it was granted', async () => {
    const { fixture, scheduler } = await setUp()
    const gone = new AbortController()
    const asked = scheduler.grantLease(leaseInput(fixture), { signal: gone.signal })
    gone.abort(new Error('the caller has gone'))
    await expect(asked).rejects.toThrow('the caller has gone')
    await grant(scheduler, { fixture })
  })

  it('touches no database from grant to release', async () => {
    const fixture = createFixture()
    const before = await fixture.started()
    await addChannel(before, { concurrencyMax: 3 })
    const asked: string[] = []
    const catalogStore = new Proxy(fixture.deps.catalogStore, {
      get: (store, method, receiver) => {
        asked.push(String(method))
        return Reflect.get(store, method, receiver)
      },
    })
    const catalogMaxAgeMs = 3_600_000
    const scheduler = await fixture.started({ catalogStore, config: { catalogMaxAgeMs } })
    asked.length = 0
    for (let turn = 0; turn < 5; turn += 1) {
      const { leaseId } = await grant(scheduler, { fixture })
      await scheduler.renewLease({ leaseId, ttlMs: 30_000 })
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
      await fixture.clock.advance(1_000)
    }
    expect(asked).toEqual([])
  })
})

describe('the hint that a lease was freed', () => {
  it('goes out when somebody may have been refused for it, and not before', async () => {
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

  it('goes out when a holder died', async () => {
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

  it('goes out when a person adds or resumes what may be leased', async () => {
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

  it('may get lost with the bus, and nothing else does', async () => {
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
  it('are all found, although hundreds before them have no place', async () => {
    const secrets = Array.from({ length: 600 }, (_, index) => `secret-${index}`)
    const { fixture, scheduler } = await setUp({ secrets })
    const other = fixture.replica()
    await other.start()
    // What one replica takes, the other does not know yet.
    const taken = new Set<string>()
    for (const _ of secrets) taken.add((await grant(scheduler, { fixture })).credentialId)
    expect(taken.size).toBe(secrets.length)
    const { credentialIds } = await addChannel(scheduler, { name: 'late', secrets: ['last'] })
    await fixture.settle()
    expect((await grant(other, { fixture })).credentialId).toBe(credentialIds[0])
    expect(await other.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'busy' })
  })

  it('are used in turn when the load is low', async () => {
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
