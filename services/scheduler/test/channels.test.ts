import type { InputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import { describe, expect, it } from 'vitest'

import { channelInput, createFixture, grant, leaseInput, MODEL } from './fixture.ts'

type Create = InputOf<(typeof schedulerContract)['methods']['createChannel']>

const secrets = (...texts: string[]) => texts.map((secret) => ({ secret, concurrencyMax: 2 }))
const ELSEWHERE = 'https://other.example.test/v1'

async function setUp() {
  const fixture = createFixture()
  const scheduler = await fixture.started()
  const create = (facts: Partial<Create> = {}) =>
    scheduler.createChannel({ ...channelInput(), credentials: secrets('first'), ...facts })
  const created = async (facts: Partial<Create> = {}) => {
    const answer = await create(facts)
    if (answer.outcome !== 'created') throw new Error('the name is free')
    return answer.channel
  }
  return { fixture, scheduler, create, created }
}

describe('a channel that is made by a person', () => {
  it('can be leased from at once, is known everywhere soon, and is answered as it is read', async () => {
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

  it('keeps its secrets sealed, each for its own row', async () => {
    const { fixture, created } = await setUp()
    const channel = await created({ credentials: secrets('sk-very-secret') })
    expect(JSON.stringify(channel)).not.toContain('very-secret')
    const [credential] = channel.credentials
    if (!credential) throw new Error('there is one')
    const { sealer } = fixture.deps
    expect(sealer.open(credentialSecretBinding(credential.id), credential.secret)).toBe(
      'sk-very-secret',
    )
  })

  it('does not replace another of its name', async () => {
    const { scheduler, create, created } = await setUp()
    const channel = await created()
    expect(await create({ baseUrl: ELSEWHERE })).toEqual({ outcome: 'name-taken' })
    expect((await scheduler.readCatalog({})).channels).toEqual([channel])
  })

  it.each([
    ['an address that is none', { baseUrl: 'nowhere' }, 'baseUrl'],
    [
      'a model that is named twice',
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
      'more secrets than the catalog has room for',
      { credentials: secrets(...Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(9_000, 'x'))) },
      'credentials',
    ],
  ])('with %s is refused, and nothing is left of it', async (_, facts, param) => {
    const { scheduler, create } = await setUp()
    await expect(create(facts)).rejects.toMatchObject({ code: 'invalid_value', param })
    expect(await scheduler.readCatalog({ fresh: true })).toEqual({ version: 0, channels: [] })
  })
})

describe('a channel that is changed by a person', () => {
  it('is answered as it is then, and what was off serves again', async () => {
    const { fixture, scheduler, created } = await setUp()
    const { id: channelId } = await created({ enabled: false })
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    const answer = await scheduler.changeChannel({ channelId, change: { enabled: true } })
    const { channels } = await scheduler.readCatalog({})
    expect(answer).toEqual({ outcome: 'changed', channel: channels[0], retired: 0 })
    await grant(scheduler, { fixture })
  })

  it('does not carry secrets to another host unless they are typed again', async () => {
    const { scheduler, created } = await setUp()
    const { id: channelId } = await created({ credentials: secrets('first', 'second') })
    const change = { baseUrl: ELSEWHERE }
    const refused = await scheduler.changeChannel({ channelId, change })
    expect(refused).toEqual({ outcome: 'secrets-needed' })
    expect((await scheduler.readCatalog({})).channels[0]?.baseUrl).toBe(channelInput().baseUrl)
    const credentials = secrets('second')
    const moved = await scheduler.changeChannel({ channelId, change, credentials })
    expect(moved).toMatchObject({ outcome: 'changed', retired: 1, channel: { baseUrl: ELSEWHERE } })
    expect((await scheduler.readCatalog({})).channels[0]?.credentials).toHaveLength(1)
  })

  it('that is not there is not found, and a model twice is refused', async () => {
    const { fixture, scheduler, created } = await setUp()
    const gone = { channelId: fixture.id('chan'), change: {} }
    await expect(scheduler.changeChannel(gone)).rejects.toMatchObject({ code: 'not_found' })
    const { id: channelId, models } = await created()
    const twice = { channelId, change: { models: [...models, ...models] } }
    const refused = { code: 'invalid_value', param: 'models' }
    await expect(scheduler.changeChannel(twice)).rejects.toMatchObject(refused)
  })
})

describe('who asks for the catalog fresh', () => {
  it('sees what another replica wrote a moment ago, also when its announcement got lost', async () => {
    const fixture = createFixture()
    const announce = async () => {
      throw new AppError('unavailable', 'the bus is away')
    }
    const scheduler = await fixture.started({ bus: { ...fixture.bus, announce } })
    const other = await fixture.started()
    await scheduler.createChannel({ ...channelInput(), credentials: secrets('first') })
    expect((await other.readCatalog({})).channels).toEqual([])
    expect(await other.readCatalog({ fresh: true })).toEqual(await scheduler.readCatalog({}))
  })

  it('sees the last catalog while the database is away', async () => {
    const fixture = createFixture()
    let gone = false
    const real = fixture.deps.catalogStore
    const readVersion = async () => {
      if (gone) throw new AppError('unavailable', 'away')
      return real.readVersion()
    }
    const scheduler = await fixture.started({ catalogStore: { ...real, readVersion } })
    await scheduler.createChannel({ ...channelInput(), credentials: secrets('first') })
    gone = true
    expect((await scheduler.readCatalog({ fresh: true })).channels).toHaveLength(1)
  })
})

describe('a credential that needs a person', () => {
  it('says why, as soon as it is known and after it was written, without its secret', async () => {
    const { fixture, scheduler, created } = await setUp()
    const credentialId = (await created()).credentials[0]?.id ?? ''
    const shown = async () => (await scheduler.readCatalog({})).channels[0]?.credentials[0]
    expect(await shown()).toMatchObject({ state: 'active', reason: null })
    const reason = 'HTTP 401: Incorrect API key provided: sk-live-abcdefgh12345678'
    const outcome = { kind: 'unauthorised', reason } as const
    const outcomes = [{ credentialId, outcome, at: fixture.clock.now() }]
    await scheduler.reportOutcomes({ outcomes })
    const why = expect.stringMatching(/^HTTP 401: Incorrect API key provided/)
    expect(await shown()).toMatchObject({ state: 'attention', reason: why })
    await fixture.clock.advance(1_000)
    expect(await shown()).toMatchObject({ state: 'attention', reason: why })
    expect(JSON.stringify(await shown())).not.toContain('abcdefgh')
    await scheduler.setCredentialState({ credentialId, state: 'active' })
    expect(await shown()).toMatchObject({ state: 'active', reason: null })
  })

  it('is not resumed over the word of somebody who paused it meanwhile', async () => {
    const { scheduler, created } = await setUp()
    const credentialId = (await created()).credentials[0]?.id ?? ''
    await scheduler.setCredentialState({ credentialId, state: 'paused' })
    const resume = { credentialId, state: 'active', from: ['active', 'attention'] } as const
    const input = { ...resume, from: [...resume.from] }
    expect(await scheduler.setCredentialState(input)).toEqual({ changed: false })
  })
})
