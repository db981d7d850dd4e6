import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { addChannel, channelInput, createFixture, grant, leaseInput, MODEL } from './fixture.ts'

describe('the catalog', () => {
  it('shows channels, models and credentials with sealed secrets, and its version grows', async () => {
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

  it('leaves no secret readable in the rows', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    await addChannel(scheduler, { secrets: ['sk-very-secret'] })
    expect(JSON.stringify(await fixture.deps.catalogStore.load())).not.toContain('very-secret')
  })

  it('is known to other replicas as soon as they hear of a change', async () => {
    const fixture = createFixture()
    const [scheduler, other] = [await fixture.started(), await fixture.started()]
    await addChannel(scheduler)
    await fixture.settle()
    expect(await other.readCatalog({})).toEqual(await scheduler.readCatalog({}))
    await grant(other, { fixture })
  })

  it('is known to a replica that heard of nothing, when a reader asks for that version', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is away')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await addChannel(scheduler)
    expect((await other.readCatalog({})).version).toBe(0)
    const asked = Array.from({ length: 5 }, () => other.readCatalog({ atLeastVersion: 2 }))
    expect((await Promise.all(asked)).map(({ version }) => version)).toEqual([2, 2, 2, 2, 2])
  })

  it('announces the version that has the change in it', async () => {
    const fixture = createFixture()
    const versions: unknown[] = []
    await fixture.bus.subscribe('catalog-changed', ({ version }) => void versions.push(version))
    const scheduler = await fixture.started()
    await addChannel(scheduler)
    await fixture.settle()
    expect(versions).toEqual([1, 2])
  })

  it('is known to them within a second when the announcement got lost', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is away')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await addChannel(scheduler)
    await fixture.settle()
    expect((await other.readCatalog({})).version).toBe(0)
    await fixture.clock.advance(1_000)
    expect((await other.readCatalog({})).version).toBe(2)
  })

  it('changes in the middle of a lease do not touch it', async () => {
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
  it('is replaced by name, keeps its pool, and can be switched off', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const { channelId } = await addChannel(scheduler)
    expect(await scheduler.editChannel(channelInput({ enabled: false }))).toEqual({ channelId })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    await scheduler.editChannel(channelInput())
    await grant(scheduler, { fixture })
  })

  it.each([
    ['a base URL that is none', { baseUrl: 'api.example.test' }, 'baseUrl'],
    ['a base URL with a password', { baseUrl: 'https://me:secret@api.example.test' }, 'baseUrl'],
    ['a base URL of another scheme', { baseUrl: 'file:///etc/passwd' }, 'baseUrl'],
    [
      'a model that is named twice',
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

  it('of the sandbox needs no address', async () => {
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

  it('is refused for a channel that is not there', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    const credentials = [{ secret: 'a', concurrencyMax: 1 }]
    await expect(
      scheduler.importCredentials({ channelId: fixture.id('chan'), credentials }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is refused when edges could no longer read the catalog in one answer', async () => {
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

describe('while something is away', () => {
  const unavailable = { code: 'unavailable' }
  const { signal } = new AbortController()
  const away = async () => {
    throw new AppError('unavailable', 'away')
  }

  it('a scheduler that could not read the catalog grants nothing and says so', async () => {
    const fixture = createFixture()
    const scheduler = fixture.replica()
    await expect(scheduler.grantLease(leaseInput(fixture))).rejects.toMatchObject(unavailable)
    await expect(scheduler.checks['catalog']?.(signal)).rejects.toMatchObject(unavailable)
  })

  it('leases are granted from memory without the database, and what was learned is written later', async () => {
    const fixture = createFixture()
    let gone = false
    const real = fixture.deps.catalogStore
    const catalogStore = {
      ...real,
      load: () => (gone ? away() : real.load()),
      readVersion: () => (gone ? away() : real.readVersion()),
      writeHealth: (input: Parameters<typeof real.writeHealth>[0]) =>
        gone ? away() : real.writeHealth(input),
    }
    const scheduler = await fixture.started({ catalogStore })
    await addChannel(scheduler, { secrets: ['a', 'b'] })
    gone = true
    const { leaseId, credentialId } = await grant(scheduler, { fixture })
    const outcome = { kind: 'unauthorised', reason: '401' } as const
    await scheduler.releaseLease({ leaseId, outcome })
    await fixture.clock.advance(60_000)
    expect((await grant(scheduler, { fixture })).credentialId).not.toBe(credentialId)
    const warnings = fixture.log.lines.filter(({ message }) =>
      message.includes('background task failed'),
    )
    expect(warnings.length).toBeLessThanOrEqual(2)
    gone = false
    await fixture.clock.advance(1_000)
    const { channels } = await real.load()
    expect(channels[0]?.credentials.find(({ id }) => id === credentialId)?.state).toBe('attention')
  })

  it('the pool, nothing is granted, renewed or given back, and all of it works when it returns', async () => {
    const fixture = createFixture()
    const real = fixture.deps.poolStore
    let gone = false
    const poolStore = new Proxy(real, {
      get: (store, method, receiver) => (gone ? away : Reflect.get(store, method, receiver)),
    })
    const scheduler = await fixture.started({ poolStore })
    await addChannel(scheduler, { concurrencyMax: 2 })
    const { leaseId } = await grant(scheduler, { fixture })
    gone = true
    await expect(scheduler.grantLease(leaseInput(fixture))).rejects.toMatchObject(unavailable)
    await expect(scheduler.renewLease({ leaseId, ttlMs: 9_000 })).rejects.toMatchObject(unavailable)
    await expect(
      scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } }),
    ).rejects.toMatchObject(unavailable)
    await expect(scheduler.checks['pool']?.(signal)).rejects.toMatchObject(unavailable)
    await fixture.clock.advance(3_000)
    gone = false
    await grant(scheduler, { fixture })
    expect(await scheduler.releaseLease({ leaseId, outcome: { kind: 'ok' } })).toEqual({
      released: true,
    })
  })

  it('the bus, it is not ready', async () => {
    const fixture = createFixture()
    const scheduler = await fixture.started()
    await scheduler.checks['bus']?.(signal)
    await fixture.bus.close({ withinMs: 0 })
    await expect(scheduler.checks['bus']?.(signal)).rejects.toMatchObject(unavailable)
  })
})
