import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { addChannel, channelInput, createFixture, grant, leaseInput, MODEL } from './fixture.ts'

describe('the catalog', () => {
  it('has channels, models and credentials with sealed secrets, and a version that increases', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    expect(await scheduler.readCatalog({})).toEqual({ version: 0, channels: [] })
    const { channelId, credentialIds } = await addChannel(scheduler, { secrets: ['a', 'b'] })
    const { version, channels } = await scheduler.readCatalog({})
    expect(version).toBe(2)
    expect(channels).toMatchObject([{ ...channelInput(), id: channelId }])
    expect(channels[0]?.credentials.map(({ id }) => id)).toEqual(credentialIds)
    expect(channels[0]?.credentials[0]).toMatchObject({
      state: 'active',
      concurrencyMax: 1,
      coolingUntil: null,
      secret: { keyId: 'k1', box: expect.not.stringContaining('a') },
    })
    expect(JSON.stringify(channels)).not.toContain('"a"')
  })

  it('stores no secret in plain text', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    await addChannel(scheduler, { secrets: ['sk-very-secret'] })
    expect(JSON.stringify(await fixture.deps.catalogStore.load())).not.toContain('very-secret')
  })

  it('is reloaded by other replicas when they receive the announcement of a change', async () => {
    const fixture = createFixture()
    const [scheduler, other] = [await fixture.started(), await fixture.started()]
    await addChannel(scheduler)
    await fixture.settle()
    expect(await other.readCatalog({})).toEqual(await scheduler.readCatalog({}))
    await grant(other, { fixture })
  })

  it('is reloaded by a replica without the announcement when a reader requests that version', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is unavailable')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await addChannel(scheduler)
    expect((await other.readCatalog({})).version).toBe(0)
    const reads = Array.from({ length: 5 }, () => other.readCatalog({ atLeastVersion: 2 }))
    expect((await Promise.all(reads)).map(({ version }) => version)).toEqual([2, 2, 2, 2, 2])
  })

  it('is announced with the version that contains the change', async () => {
    const fixture = createFixture()
    const versions: unknown[] = []
    await fixture.bus.subscribe('catalog-changed', ({ version }) => void versions.push(version))
    const scheduler = await fixture.started()
    await addChannel(scheduler)
    await fixture.settle()
    expect(versions).toEqual([1, 2])
  })

  it('is reloaded by other replicas within a second when the announcement was lost', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is unavailable')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await addChannel(scheduler)
    await fixture.settle()
    expect((await other.readCatalog({})).version).toBe(0)
    await fixture.clock.advance(1_000)
    expect((await other.readCatalog({})).version).toBe(2)
  })

  it('changes without an effect on live leases', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const { credentialIds } = await addChannel(scheduler)
    const [credentialId = ''] = credentialIds
    const { leaseId } = await grant(scheduler, { fixture })
    await scheduler.setCredentialState({ credentialId, state: 'paused' })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    expect(await scheduler.renewLease({ leaseId, ttlMs: 30_000 })).toMatchObject({
      outcome: 'renewed',
    })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: true,
    })
  })
})

describe('a channel', () => {
  it('is replaced by name, keeps its credentials, and can be disabled', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const { channelId } = await addChannel(scheduler)
    expect(await scheduler.editChannel(channelInput({ enabled: false }))).toEqual({ channelId })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    await scheduler.editChannel(channelInput())
    await grant(scheduler, { fixture })
  })

  it.each([
    ['an invalid base URL', { baseUrl: 'api.example.test' }, 'baseUrl'],
    ['a base URL with a password', { baseUrl: 'https://me:secret@api.example.test' }, 'baseUrl'],
    ['a base URL of another scheme', { baseUrl: 'file:///etc/passwd' }, 'baseUrl'],
    [
      'a model that is listed twice',
      {
        models: [
          { model: MODEL, upstreamModel: 'a', kinds: ['chat' as const] },
          { model: MODEL, upstreamModel: 'b', kinds: ['image' as const] },
        ],
      },
      'models',
    ],
    [
      'two models that differ only by case',
      {
        models: ['gpt-4o', 'GPT-4\uff4f'].map((model) => ({
          model,
          upstreamModel: model,
          kinds: ['chat' as const],
        })),
      },
      'models',
    ],
  ])('with %s is refused', async (_, facts, param) => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const refused = { code: 'invalid_value', param }
    await expect(scheduler.editChannel(channelInput(facts))).rejects.toMatchObject(refused)
    expect((await scheduler.readCatalog({})).version).toBe(0)
  })

  it('does not offer a model that differs from one of another channel only by case', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const { channelId } = await addChannel(scheduler)
    const models = [{ model: MODEL.toUpperCase(), upstreamModel: 'a', kinds: ['chat' as const] }]
    const refused = { code: 'invalid_value', param: 'models' }
    const other = channelInput({ name: 'another', models })
    await expect(scheduler.editChannel(other)).rejects.toMatchObject(refused)
    const alone = await scheduler.changeChannel({ channelId, change: { models } })
    expect(alone).toMatchObject({ outcome: 'changed' })
  })

  it('of the sandbox needs no base URL', async () => {
    const scheduler = await createFixture().started()
    await scheduler.editChannel(channelInput({ dialect: 'sandbox', baseUrl: '' }))
    expect((await scheduler.readCatalog({})).version).toBe(1)
  })
})

describe('an import', () => {
  it('skips secrets that the channel has', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const { channelId } = await addChannel(scheduler, { secrets: ['a', 'b', 'a'] })
    const again = ['b', 'c'].map((secret) => ({ secret, concurrencyMax: 1 }))
    expect(await scheduler.importCredentials({ channelId, credentials: again })).toEqual({
      added: 1,
      known: 1,
    })
  })

  it('is refused for an unknown channel', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const credentials = [{ secret: 'a', concurrencyMax: 1 }]
    await expect(
      scheduler.importCredentials({ channelId: fixture.id('chan'), credentials }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is refused when the catalog would exceed the size of one message', async () => {
    const scheduler = await createFixture().started()
    const { channelId } = await addChannel(scheduler)
    const credentials = Array.from({ length: 100 }, (_, index) => ({
      secret: `${index}-`.padEnd(9_000, 'x'),
      concurrencyMax: 1,
    }))
    await expect(scheduler.importCredentials({ channelId, credentials })).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'credentials',
    })
  })
})

describe('while a dependency is unavailable', () => {
  const unavailable = { code: 'unavailable' }
  const { signal } = new AbortController()
  const fail = async () => {
    throw new AppError('unavailable', 'unavailable')
  }

  it('a scheduler without a loaded catalog fails with unavailable and is not ready', async () => {
    const fixture = createFixture()
    const scheduler = fixture.replica()
    await expect(scheduler.grantLease(leaseInput(fixture))).rejects.toMatchObject(unavailable)
    await expect(scheduler.checks['catalog']?.(signal)).rejects.toMatchObject(unavailable)
  })

  it('leases are granted without the database, and health is written when it is back', async () => {
    const fixture = createFixture()
    let down = false
    const real = fixture.deps.catalogStore
    const catalogStore = {
      ...real,
      load: () => (down ? fail() : real.load()),
      readVersion: () => (down ? fail() : real.readVersion()),
      writeHealth: (input: Parameters<typeof real.writeHealth>[0]) =>
        down ? fail() : real.writeHealth(input),
    }
    const scheduler = await fixture.started({ catalogStore })
    await addChannel(scheduler, { secrets: ['a', 'b'] })
    down = true
    const { leaseId, credentialId } = await grant(scheduler, { fixture })
    const outcome = { kind: 'unauthorised', reason: '401' } as const
    await scheduler.releaseLease({ leaseId, outcome })
    await fixture.clock.advance(60_000)
    expect((await grant(scheduler, { fixture })).credentialId).not.toBe(credentialId)
    const warnings = fixture.log.lines.filter(({ message }) =>
      message.includes('background task failed'),
    )
    expect(warnings.length).toBeLessThanOrEqual(2)
    down = false
    await fixture.clock.advance(1_000)
    const { channels } = await real.load()
    expect(channels[0]?.credentials.find(({ id }) => id === credentialId)?.state).toBe('attention')
  })

  it('without the pool no lease is granted, renewed or released, until it is back', async () => {
    const fixture = createFixture()
    const real = fixture.deps.poolStore
    let down = false
    const poolStore = new Proxy(real, {
      get: (store, method, receiver) => (down ? fail : Reflect.get(store, method, receiver)),
    })
    const scheduler = await fixture.started({ poolStore })
    await addChannel(scheduler, { concurrencyMax: 2 })
    const { leaseId } = await grant(scheduler, { fixture })
    down = true
    await expect(scheduler.grantLease(leaseInput(fixture))).rejects.toMatchObject(unavailable)
    await expect(scheduler.renewLease({ leaseId, ttlMs: 9_000 })).rejects.toMatchObject(unavailable)
    await expect(
      scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } }),
    ).rejects.toMatchObject(unavailable)
    await expect(scheduler.checks['pool']?.(signal)).rejects.toMatchObject(unavailable)
    await fixture.clock.advance(3_000)
    down = false
    await grant(scheduler, { fixture })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: true,
    })
  })

  it('without the bus the scheduler is not ready', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    await scheduler.checks['bus']?.(signal)
    await fixture.bus.close({ withinMs: 0 })
    await expect(scheduler.checks['bus']?.(signal)).rejects.toMatchObject(unavailable)
  })
})
