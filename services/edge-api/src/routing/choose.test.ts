import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'
import { sampleChannel, sampleCredential } from '@sluice/contracts/testing/sample-catalog'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { catalogSnapshot } from './catalog.ts'
import { chooseChannels } from './choose-channels.ts'
import type { CredentialUse } from './choose-credential.ts'
import { chooseCredential } from './choose-credential.ts'

const channel = (name: string, facts: Partial<CatalogChannel> = {}) =>
  sampleChannel({
    id: name,
    name,
    models: [{ model: 'm', upstreamModel: `m-of-${name}`, kinds: ['chat'] }],
    ...facts,
  })

const order = (channels: CatalogChannel[], roll: () => number) => {
  const routes = catalogSnapshot({ version: 1, channels }, []).routesOf('m')
  return chooseChannels(routes?.chat ?? [], roll).map(({ channel: { name } }) => name)
}

describe('the snapshot', () => {
  it('indexes models of enabled channels by public name and kind', () => {
    const snapshot = catalogSnapshot(
      {
        version: 3,
        channels: [
          channel('a', {
            models: [
              { model: 'm', upstreamModel: 'x', kinds: ['chat', 'image'] },
              { model: 'z', upstreamModel: 'z', kinds: ['image'] },
            ],
          }),
          channel('off', {
            enabled: false,
            models: [{ model: 'hidden', upstreamModel: 'h', kinds: ['chat'] }],
          }),
        ],
      },
      [],
    )
    expect(snapshot.models).toEqual(['m', 'z'])
    expect(snapshot.routesOf('hidden')).toBeUndefined()
    expect(snapshot.routesOf('z')?.chat).toEqual([])
    expect(snapshot.routesOf('m')?.image).toHaveLength(1)
    expect(snapshot.routesOf('__proto__')).toBeUndefined()
  })
})

describe('the order of channels', () => {
  it('is by descending priority for every random roll', () => {
    const random = seededRandom(1)
    const channels = [
      channel('low', { priority: -1, weight: 900 }),
      channel('high', { priority: 5 }),
      channel('mid'),
    ]
    for (let tries = 0; tries < 50; tries += 1) {
      expect(order(channels, random.next)).toEqual(['high', 'mid', 'low'])
    }
  })

  it('is by weight within a priority: a channel of three times the weight is first as often', () => {
    const random = seededRandom(2)
    const channels = [channel('one'), channel('three', { weight: 3 })]
    let led = 0
    for (let tries = 0; tries < 4_000; tries += 1)
      if (order(channels, random.next)[0] === 'three') led += 1
    expect(led / 4_000).toBeGreaterThan(0.72)
    expect(led / 4_000).toBeLessThan(0.78)
  })

  it('contains every channel once, also for extreme rolls', () => {
    const channels = ['a', 'b', 'c', 'd'].map((name) => channel(name))
    for (const roll of [0, 0.5, 0.999_999_999]) {
      expect(order(channels, () => roll).sort()).toEqual(['a', 'b', 'c', 'd'])
    }
  })

  it('needs no random roll for a single channel', () => {
    expect(
      order([channel('a')], () => {
        throw new Error('unexpected roll')
      }),
    ).toEqual(['a'])
  })
})

describe('the credential', () => {
  const credential = (name: string, facts: Partial<CatalogCredential> = {}) =>
    sampleCredential({ id: name, concurrencyMax: 2, ...facts })
  const choose = (
    credentials: CatalogCredential[],
    uses: Record<string, Partial<CredentialUse>> = {},
    excluded: string[] = [],
  ) =>
    chooseCredential(credentials, {
      model: 'm-of-x',
      useOf: (name) => uses[name] && { running: 0, coolingUntilMs: 0, ...uses[name] },
      isExcluded: (name) => excluded.includes(name),
      nowMs: 1_000,
      roll: () => 0,
    })

  it('is the one with the fewest running calls', () => {
    const uses = { a: { running: 1 }, b: { running: 0 } }
    expect(choose([credential('a'), credential('b')], uses).credential?.id).toBe('b')
  })

  it('is never paused, retired, excluded or without a free slot', () => {
    const states = (['paused', 'retired', 'attention'] as const).map((state) =>
      credential(state, { state }),
    )
    expect(choose(states).credential).toBeUndefined()
    expect(choose([credential('a')], {}, ['a']).credential).toBeUndefined()
    expect(choose([credential('a')], { a: { running: 2 } })).toMatchObject({
      credential: undefined,
      freeAtMs: undefined,
    })
  })

  it('is never in a cooldown of the scheduler or this edge; the earliest end is returned', () => {
    const cooling = credential('a', { coolingUntil: new Date(5_000) })
    const coolingHere = credential('b')
    const choice = choose([cooling, coolingHere], { b: { coolingUntilMs: 3_000 } })
    expect(choice).toMatchObject({ credential: undefined, freeAtMs: 3_000 })
    const cooled = credential('c', { coolingUntil: new Date(1_000) })
    expect(choose([cooling, cooled]).credential?.id).toBe('c')
  })

  it('is excluded by a rate limit only for the limited model, known by the edge or the scheduler', () => {
    const until = new Date(9_000)
    const limit = { kind: 'limited', model: 'm-of-x', until } as const
    const limitedByScheduler = credential('a', { restrictions: [limit] })
    expect(choose([limitedByScheduler])).toMatchObject({ credential: undefined, freeAtMs: 9_000 })
    const other = credential('a', { restrictions: [{ ...limit, model: 'm-of-y' }] })
    expect(choose([other]).credential?.id).toBe('a')
    const limited = new Map([['m-of-x', 4_000]])
    const uses = { a: { restrictions: { limited, denied: new Map() } } }
    expect(choose([credential('a')], uses)).toMatchObject({ freeAtMs: 4_000 })
  })

  it('is one that was denied such calls only when there is no other', () => {
    const denial = { kind: 'denied', operation: 'chat', until: new Date(9_000) } as const
    const denied = credential('a', { restrictions: [denial] })
    const busy = { b: { running: 1 } }
    expect(choose([denied, credential('b')], busy)).toMatchObject({
      credential: { id: 'b' },
      isDenied: false,
    })
    expect(choose([denied])).toMatchObject({ credential: { id: 'a' }, isDenied: true })
    const generations = credential('a', { restrictions: [{ ...denial, operation: 'image' }] })
    expect(choose([generations, credential('b')], busy)).toMatchObject({ credential: { id: 'a' } })
  })
})
