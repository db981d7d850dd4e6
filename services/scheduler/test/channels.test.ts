import type { InputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import { describe, expect, it } from 'vitest'

import { channelInput, createFixture, grant, leaseInput, MODEL } from './fixture.ts'

type Create = InputOf<(typeof schedulerContract)['methods']['createChannel']>

const secrets = (...texts: string[]) => texts.map((secret) => ({ secret, concurrencyMax: 2 }))
const OTHER_URL = 'https://other.example.test/v1'

async function setUp() {
  const fixture = createFixture()
  const scheduler = await fixture.started()
  const create = (facts: Partial<Create> = {}) =>
    scheduler.createChannel({ ...channelInput(), credentials: secrets('first'), ...facts })
  const created = async (facts: Partial<Create> = {}) => {
    const result = await create(facts)
    if (result.outcome !== 'created') throw new Error('the name exists')
    return result.channel
  }
  return { fixture, scheduler, create, created }
}

describe('a created channel', () => {
  it('can be leased from at once, is announced to other replicas, and is returned as it is read', async () => {
    const { fixture, scheduler, created } = await setUp()
    const other = await fixture.started()
    await fixture.listen()
    const channel = await created({ credentials: secrets('first', 'second') })
    expect((await scheduler.readCatalog({})).channels).toEqual([channel])
    await grant(scheduler, { fixture })
    await fixture.settle()
    expect(fixture.catalogChanges()).toBe(1)
    expect((await other.readCatalog({})).channels).toMatchObject([{ id: channel.id }])
  })

  it('has sealed secrets, each bound to its own row', async () => {
    const { fixture, created } = await setUp()
    const channel = await created({ credentials: secrets('sk-very-secret') })
    expect(JSON.stringify(channel)).not.toContain('very-secret')
    const [credential] = channel.credentials
    if (!credential) throw new Error('expected one')
    const { sealer } = fixture.deps
    expect(sealer.open(credentialSecretBinding(credential.id), credential.secret)).toBe(
      'sk-very-secret',
    )
  })

  it('does not replace a channel of the same name', async () => {
    const { scheduler, create, created } = await setUp()
    const channel = await created()
    expect(await create({ baseUrl: OTHER_URL })).toEqual({ outcome: 'name-taken' })
    expect((await scheduler.readCatalog({})).channels).toEqual([channel])
  })

  it.each([
    ['an invalid base URL', { baseUrl: 'nowhere' }, 'baseUrl'],
    [
      'a model that is listed twice',
      {
        models: [1, 2].map(() => ({
          model: MODEL,
          upstreamModel: MODEL,
          kinds: ['chat' as const],
        })),
      },
      'models',
    ],
    [
      'more secrets than the maximum size of the catalog',
      { credentials: secrets(...Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(9_000, 'x'))) },
      'credentials',
    ],
  ])('with %s is refused, and nothing is stored', async (_, facts, param) => {
    const { scheduler, create } = await setUp()
    await expect(create(facts)).rejects.toMatchObject({ code: 'invalid_value', param })
    expect(await scheduler.readCatalog({ fresh: true })).toEqual({ version: 0, channels: [] })
  })
})

describe('a changed channel', () => {
  it('is returned as it is read, and serves again after it was enabled', async () => {
    const { fixture, scheduler, created } = await setUp()
    const { id: channelId } = await created({ enabled: false })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    const result = await scheduler.changeChannel({ channelId, change: { enabled: true } })
    const { channels } = await scheduler.readCatalog({})
    expect(result).toEqual({ outcome: 'changed', channel: channels[0], retired: 0 })
    await grant(scheduler, { fixture })
  })

  it('does not keep secrets for another origin unless they are given again', async () => {
    const { scheduler, created } = await setUp()
    const { id: channelId } = await created({ credentials: secrets('first', 'second') })
    const change = { baseUrl: OTHER_URL }
    const refused = await scheduler.changeChannel({ channelId, change })
    expect(refused).toEqual({ outcome: 'secrets-needed' })
    expect((await scheduler.readCatalog({})).channels[0]?.baseUrl).toBe(channelInput().baseUrl)
    const credentials = secrets('second')
    const moved = await scheduler.changeChannel({ channelId, change, credentials })
    expect(moved).toMatchObject({ outcome: 'changed', retired: 1, channel: { baseUrl: OTHER_URL } })
    expect((await scheduler.readCatalog({})).channels[0]?.credentials).toHaveLength(1)
  })

  it('must exist and must not list a model twice', async () => {
    const { fixture, scheduler, created } = await setUp()
    const unknown = { channelId: fixture.id('chan'), change: {} }
    await expect(scheduler.changeChannel(unknown)).rejects.toMatchObject({ code: 'not_found' })
    const { id: channelId, models } = await created()
    const twice = { channelId, change: { models: [...models, ...models] } }
    const refused = { code: 'invalid_value', param: 'models' }
    await expect(scheduler.changeChannel(twice)).rejects.toMatchObject(refused)
  })
})

describe('a fresh read of the catalog', () => {
  it('has the change of another replica, also when its announcement was lost', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is unavailable')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await scheduler.createChannel({ ...channelInput(), credentials: secrets('first') })
    expect((await other.readCatalog({})).channels).toEqual([])
    expect(await other.readCatalog({ fresh: true })).toEqual(await scheduler.readCatalog({}))
  })

  it('has the cached catalog while the database is unavailable', async () => {
    const fixture = createFixture()
    let down = false
    const real = fixture.deps.catalogStore
    const readVersion = async () => {
      if (down) throw new AppError('unavailable', 'unavailable')
      return real.readVersion()
    }
    const scheduler = await fixture.started({ catalogStore: { ...real, readVersion } })
    await scheduler.createChannel({ ...channelInput(), credentials: secrets('first') })
    down = true
    expect((await scheduler.readCatalog({ fresh: true })).channels).toHaveLength(1)
  })
})

describe('a credential with attention', () => {
  it('has a reason without its secret, at once and after it was written', async () => {
    const { fixture, scheduler, created } = await setUp()
    const credentialId = (await created()).credentials[0]?.id ?? ''
    const readCredential = async () => (await scheduler.readCatalog({})).channels[0]?.credentials[0]
    expect(await readCredential()).toMatchObject({ state: 'active', reason: null })
    const reason = 'HTTP 401: Incorrect API key provided: sk-live-abcdefgh12345678'
    const outcome = { kind: 'unauthorised', reason } as const
    const outcomes = [{ credentialId, outcome, at: fixture.clock.now() }]
    await scheduler.reportOutcomes({ outcomes })
    const why = expect.stringMatching(/^HTTP 401: Incorrect API key provided/)
    expect(await readCredential()).toMatchObject({ state: 'attention', reason: why })
    await fixture.clock.advance(1_000)
    expect(await readCredential()).toMatchObject({ state: 'attention', reason: why })
    expect(JSON.stringify(await readCredential())).not.toContain('abcdefgh')
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    expect(await readCredential()).toMatchObject({ state: 'active', reason: null })
  })

  it('is not resumed after another operator paused it', async () => {
    const { scheduler, created } = await setUp()
    const credentialId = (await created()).credentials[0]?.id ?? ''
    await scheduler.setCredentialState({ credentialId, state: 'paused' })
    const resume = { credentialId, state: 'active', from: ['active', 'attention'] } as const
    const input = { ...resume, from: [...resume.from] }
    expect(await scheduler.setCredentialState(input)).toEqual({ changed: false })
  })
})
