import { describe, expect, it } from 'vitest'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import { indexCatalog } from '../catalog/snapshot.ts'
import type { CredentialStatus } from '../eligibility/eligibility.ts'
import { idleStatus } from '../eligibility/eligibility.ts'
import { initialHealth } from '../eligibility/health.ts'
import { sampleChannel, sampleCredential } from '../testing/sample-channel.ts'
import type { Selection, Selector } from './select-credential.ts'
import { selectCredential } from './select-credential.ts'

const NOW_MS = 1_000_000
const MODEL = 'gpt-image-1'

function channel(
  id: string,
  credentials: (string | Partial<Credential>)[],
  facts: Partial<Channel> = {},
): Channel {
  return sampleChannel({
    id,
    name: id,
    models: [{ model: MODEL, upstreamModel: MODEL, kinds: ['image'] }],
    credentials: credentials.map((one) =>
      sampleCredential({
        id: typeof one === 'string' ? one : `${id}-1`,
        channelId: id,
        concurrencyMax: 4,
        ...(typeof one === 'string' ? {} : one),
      }),
    ),
    ...facts,
  })
}

function select(
  channels: Channel[],
  {
    statuses = {},
    selector = {},
    roll = '0.5',
  }: {
    statuses?: Record<string, Partial<CredentialStatus>>
    selector?: Partial<Selector>
    roll?: string
  } = {},
): Selection {
  const known = Object.entries(statuses).map(
    ([id, facts]) => [id, { ...idleStatus, epoch: 1, ...facts }] as const,
  )
  return selectCredential({
    snapshot: indexCatalog({ version: 1, channels }),
    statuses: new Map(known),
    selector: { model: MODEL, kind: 'image', exclude: [], ...selector },
    nowMs: NOW_MS,
    roll,
  })
}
const order = (selection: Selection) =>
  selection.kind === 'some' ? selection.candidates.map(({ credentialId }) => credentialId) : []
const rolls = Array.from({ length: 2_000 }, (_, index) => String(index / 2_000))
const cooling = (untilMs: number): Partial<CredentialStatus> => ({
  health: { ...initialHealth, cooldown: { untilMs, times: 1 } },
})

describe('the order of candidates', () => {
  it('is by priority first, regardless of the load', () => {
    const channels = [
      channel('low', ['a'], { priority: 1 }),
      channel('high', ['b'], { priority: 2 }),
      channel('lowest', ['c'], { priority: -1 }),
    ]
    expect(order(select(channels, { statuses: { b: { leases: 3 } } }))).toEqual(['b', 'a', 'c'])
  })

  it('is random among channels of one priority, in proportion to their weights', () => {
    const channels = [channel('x', ['a'], { weight: 3 }), channel('y', ['b'], { weight: 1 })]
    const firsts = rolls.map((roll) => order(select(channels, { roll }))[0])
    const share = firsts.filter((first) => first === 'a').length / rolls.length
    expect(share).toBeGreaterThan(0.7)
    expect(share).toBeLessThan(0.8)
  })

  it('is within a channel by load relative to the limit', () => {
    const channels = [channel('x', ['a', 'b', { id: 'c', concurrencyMax: 100 }])]
    const statuses = { a: { leases: 2 }, b: { leases: 1 }, c: { leases: 10 } }
    expect(order(select(channels, { statuses }))).toEqual(['c', 'b', 'a'])
  })

  it('is random for equal load, so that no credential is always last', () => {
    const channels = [channel('x', ['a', 'b', 'c'])]
    const firsts = rolls.map((roll) => order(select(channels, { roll }))[0])
    for (const id of ['a', 'b', 'c']) {
      expect(firsts.filter((first) => first === id).length).toBeGreaterThan(rolls.length / 4)
    }
  })

  it('has credentials that look full after the others of their priority', () => {
    const channels = [
      channel('x', ['a', 'b'], { priority: 1 }),
      channel('y', ['c'], { priority: 1 }),
      channel('z', ['d'], { priority: 0 }),
    ]
    const probing = {
      health: { ...initialHealth, circuit: { state: 'open', untilMs: 1, trips: 1 } },
    } as const
    const statuses = { a: { leases: 4 }, c: { ...probing, probing: true, leases: 1 } }
    const found = order(select(channels, { statuses }))
    expect(found[0]).toBe('b')
    expect(found.slice(1, 3).sort()).toEqual(['a', 'c'])
    expect(found[3]).toBe('d')
  })
})

describe('affinity', () => {
  const channels = [channel('x', ['a', 'b', 'c']), channel('y', ['d', 'e', 'f'])]
  const first = (affinity: string, options: { roll?: string; except?: string } = {}) => {
    const left = channels.map((one) => ({
      ...one,
      credentials: one.credentials.filter(({ id }) => id !== options.except),
    }))
    return order(select(left, { selector: { affinity }, roll: options.roll ?? '0.5' }))[0]
  }
  const names = Array.from({ length: 300 }, (_, index) => `conversation-${index}`)

  it('prefers the same credential for the same key, regardless of the roll and the load', () => {
    for (const roll of rolls.slice(0, 50)) expect(first('one', { roll })).toBe(first('one'))
    const chosen = first('one') ?? ''
    const statuses = { [chosen]: { leases: 3 } }
    expect(order(select(channels, { statuses, selector: { affinity: 'one' } }))[0]).toBe(chosen)
  })

  it('spreads different keys over all credentials', () => {
    expect(new Set(names.map((name) => first(name))).size).toBe(6)
  })

  it('moves only the keys of a removed credential', () => {
    const moved = names.filter((name) => first(name) !== first(name, { except: 'b' }))
    expect(moved).toEqual(names.filter((name) => first(name) === 'b'))
  })

  it('prefers another credential when its own is full', () => {
    const chosen = first('one') ?? ''
    const statuses = { [chosen]: { leases: 4 } }
    const found = order(select(channels, { statuses, selector: { affinity: 'one' } }))
    expect(found[0]).not.toBe(chosen)
    expect(found).toContain(chosen)
  })
})

describe('a selection without candidates', () => {
  it('has the end of the first cooldown', () => {
    const channels = [channel('x', ['a', 'b'])]
    const statuses = { a: cooling(NOW_MS + 60_000), b: cooling(NOW_MS + 9_000) }
    expect(select(channels, { statuses })).toEqual({
      kind: 'some',
      candidates: [],
      notBeforeMs: NOW_MS + 9_000,
    })
  })

  it('ignores the cooldown of excluded credentials', () => {
    const channels = [channel('x', ['a', 'b'])]
    const statuses = { a: cooling(NOW_MS + 60_000) }
    expect(select(channels, { statuses, selector: { exclude: ['b'] } })).toMatchObject({
      candidates: [],
      notBeforeMs: NOW_MS + 60_000,
    })
    expect(select(channels, { statuses, selector: { exclude: ['a'] } })).toMatchObject({
      candidates: [
        { credentialId: 'b', channelId: 'x', concurrencyMax: 4, epoch: 1, model: 'gpt-image-1' },
      ],
      notBeforeMs: null,
    })
  })

  it.each([
    ['no channel serves the model', [channel('x', ['a'], { models: [] })], {}, /no channel serves/],
    [
      'no channel serves its kind',
      [channel('x', ['a'])],
      { kind: 'chat' },
      /no channel serves chat/,
    ],
    ['the channel is disabled', [channel('x', ['a'], { enabled: false })], {}, /disabled: 1 of 1/],
    ['the channel has no credentials', [channel('x', [])], {}, /no credentials/],
    ['all were tried', [channel('x', ['a', 'b'])], { exclude: ['a', 'b'] }, /2 excluded/],
    [
      'none is active',
      [
        channel('x', [
          { id: 'a', state: 'paused' },
          { id: 'b', state: 'attention' },
        ]),
      ],
      {},
      /1 paused, 1 attention/,
    ],
  ] as const)('is none, with a reason, when %s', (_, channels, selector, reason) => {
    const selection = select([...channels], { selector })
    expect(selection).toMatchObject({ kind: 'none', reason: expect.stringMatching(reason) })
  })

  it('has a reason with numbers only, without the texts of upstreams', () => {
    const disabled = { health: { ...initialHealth, attention: 'HTTP 401: account of Jane' } }
    const selection = select([channel('x', ['a'])], { statuses: { a: disabled } })
    expect(selection).toEqual({ kind: 'none', reason: 'credentials: 1 attention' })
  })
})
