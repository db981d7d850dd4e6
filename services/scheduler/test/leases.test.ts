import { AppError } from '@sluice/kernel/app-error'
import { credentialSecretPlace } from '@sluice/sealing/sealer'
import { describe, expect, it } from 'vitest'

import { addChannel, createWorld, grant, leaseInput, MODEL } from './world.ts'

async function setUp(options: Parameters<typeof addChannel>[1] = {}) {
  const world = createWorld()
  const scheduler = await world.started()
  const pool = await addChannel(scheduler, options)
  await world.settle()
  await world.listen()
  return { world, scheduler, ...pool }
}

describe('a lease', () => {
  it('brings the sealed secret of its credential, which opens in that place only', async () => {
    const { world, scheduler, channelId, credentialIds } = await setUp()
    const lease = await grant(scheduler, { world })
    expect(lease).toMatchObject({ channelId, credentialId: credentialIds[0] })
    expect(lease.expiresAt).toEqual(new Date(world.clock.nowMs() + 30_000))
    const { sealer } = world.deps
    expect(sealer.open(credentialSecretPlace(lease.credentialId), lease.secret)).toBe(
      'first-secret',
    )
    expect(() => sealer.open(credentialSecretPlace(channelId), lease.secret)).toThrow(AppError)
  })

  it('is refused as busy while all places are taken, with a time to come back', async () => {
    const { world, scheduler } = await setUp()
    await grant(scheduler, { world })
    expect(await scheduler.grantLease(leaseInput(world))).toEqual({
      outcome: 'busy',
      retryAt: new Date(world.clock.nowMs() + 1_000),
    })
  })

  it('is refused for good where nothing serves the model, and says why', async () => {
    const { world, scheduler, credentialIds } = await setUp()
    const none = expect.objectContaining({ outcome: 'none' })
    expect(await scheduler.grantLease(leaseInput(world, { model: 'other' }))).toEqual(none)
    const exclude = credentialIds
    expect(await scheduler.grantLease(leaseInput(world, { exclude }))).toEqual(none)
  })

  it('lives as long as it is renewed, and is lost once it expired', async () => {
    const { world, scheduler } = await setUp()
    const { leaseId } = await grant(scheduler, { world })
    await world.clock.advance(29_000)
    expect(await scheduler.renewLease({ leaseId, ttlMs: 30_000 })).toEqual({
      outcome: 'renewed',
      expiresAt: new Date(world.clock.nowMs() + 30_000),
    })
    await world.clock.advance(29_000)
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
    await world.clock.advance(1_000)
    expect(await scheduler.renewLease({ leaseId, ttlMs: 30_000 })).toEqual({ outcome: 'lost' })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: false,
    })
  })

  it('is released once, however often that is asked', async () => {
    const { world, scheduler } = await setUp()
    const { leaseId } = await grant(scheduler, { world })
    const release = () => scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
    expect(await Promise.all([release(), release()])).toContainEqual({ released: true })
    expect(await release()).toEqual({ released: false })
    await grant(scheduler, { world })
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
  })

  it('is not kept from others by a caller who has gone while it was granted', async () => {
    const { world, scheduler } = await setUp()
    const gone = new AbortController()
    const asked = scheduler.grantLease(leaseInput(world), { signal: gone.signal })
    gone.abort(new Error('the caller has gone'))
    await expect(asked).rejects.toThrow('the caller has gone')
    await grant(scheduler, { world })
  })

  it('touches no database from grant to release', async () => {
    const world = createWorld()
    const before = await world.started()
    await addChannel(before, { concurrencyMax: 3 })
    const asked: string[] = []
    const catalogStore = new Proxy(world.deps.catalogStore, {
      get: (store, method, receiver) => {
        asked.push(String(method))
        return Reflect.get(store, method, receiver)
      },
    })
    const catalogMaxAgeMs = 3_600_000
    const scheduler = await world.started({ catalogStore, config: { catalogMaxAgeMs } })
    asked.length = 0
    for (let turn = 0; turn < 5; turn += 1) {
      const { leaseId } = await grant(scheduler, { world })
      await scheduler.renewLease({ leaseId, ttlMs: 30_000 })
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
      await world.clock.advance(1_000)
    }
    expect(asked).toEqual([])
  })
})

describe('the hint that a lease was freed', () => {
  it('goes out when somebody may have been refused for it, and not before', async () => {
    const { world, scheduler, channelId } = await setUp({ concurrencyMax: 2 })
    const [first, second] = [await grant(scheduler, { world }), await grant(scheduler, { world })]
    const release = async (leaseId: string) => {
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
      await world.settle()
    }
    await release(first.leaseId)
    expect(world.freed).toEqual([{ channelId }])
    await release(second.leaseId)
    expect(world.freed).toHaveLength(1)
  })

  it('goes out when a holder died', async () => {
    const { world, scheduler, channelId } = await setUp()
    await grant(scheduler, { world })
    await world.clock.advance(29_000)
    expect(world.freed).toEqual([])
    await world.clock.advance(2_000)
    expect(world.freed).toEqual([{ channelId }])
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('expired') }),
    )
  })

  it('goes out when a person adds or resumes what may be leased', async () => {
    const { world, scheduler, channelId, credentialIds } = await setUp()
    const [credentialId = ''] = credentialIds
    await scheduler.setCredentialState({ credentialId, state: 'paused' })
    await world.settle()
    expect(world.freed).toEqual([])
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    const another = [{ secret: 'another', concurrencyMax: 1 }]
    await scheduler.importCredentials({ channelId, credentials: another })
    await world.settle()
    expect(world.freed).toEqual([{ channelId }, { channelId }])
  })

  it('may get lost with the bus, and nothing else does', async () => {
    const world = createWorld()
    const scheduler = await world.started()
    await addChannel(scheduler)
    await world.bus.close({ withinMs: 0 })
    const { leaseId } = await grant(scheduler, { world })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: true,
    })
  })
})

describe('many credentials', () => {
  it('are all found, although hundreds before them have no place', async () => {
    const secrets = Array.from({ length: 600 }, (_, index) => `secret-${index}`)
    const { world, scheduler } = await setUp({ secrets })
    const other = world.replica()
    await other.start()
    // What one replica takes, the other does not know yet.
    const taken = new Set<string>()
    for (const _ of secrets) taken.add((await grant(scheduler, { world })).credentialId)
    expect(taken.size).toBe(secrets.length)
    const { credentialIds } = await addChannel(scheduler, { name: 'late', secrets: ['last'] })
    await world.settle()
    expect((await grant(other, { world })).credentialId).toBe(credentialIds[0])
    expect(await other.grantLease(leaseInput(world))).toMatchObject({ outcome: 'busy' })
  })

  it('are used in turn when the load is low', async () => {
    const secrets = ['a', 'b', 'c', 'd']
    const { world, scheduler } = await setUp({ secrets, concurrencyMax: 8 })
    const counts = new Map<string, number>()
    for (let turn = 0; turn < 400; turn += 1) {
      const { leaseId, credentialId } = await grant(scheduler, { world, model: MODEL })
      counts.set(credentialId, (counts.get(credentialId) ?? 0) + 1)
      await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })
    }
    expect(counts.size).toBe(4)
    for (const count of counts.values()) expect(count).toBeGreaterThan(60)
  })
})
