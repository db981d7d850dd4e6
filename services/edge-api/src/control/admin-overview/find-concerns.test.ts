import { describe, expect, it } from 'vitest'

import type { InstallationState } from './find-concerns.ts'
import { FAILURES_WITHIN_MS, findConcerns, QUEUE_OLD_MS } from './find-concerns.ts'

const now = new Date('2026-11-21T09:00:00.000Z')
const inMs = (ms: number) => new Date(now.getTime() + ms)

const active = { state: 'active' as const, coolingUntil: null }
const attention = { ...active, state: 'attention' as const }
const channel = {
  name: 'main',
  dialect: 'openai' as const,
  enabled: true,
  credentials: [active],
}
const healthy: InstallationState = {
  now,
  channels: [channel],
  minutes: [{ at: inMs(-60_000), requests: 100, failures: 4 }],
  images: { queued: 3, oldestQueuedAt: inMs(-QUEUE_OLD_MS) },
  ledgerFindings: 0,
  unavailable: [],
}
const find = (facts: Partial<InstallationState>) => findConcerns({ ...healthy, ...facts })

describe('findConcerns', () => {
  it('finds nothing in a healthy installation', () => {
    expect(find({})).toEqual([])
    expect(find({ ledgerFindings: null, minutes: [] })).toEqual([])
  })

  it('finds unavailable dependencies by name', () => {
    expect(find({ unavailable: ['database', 'bus'] })).toEqual([
      { code: 'dependency-away', subject: 'database', count: 1 },
      { code: 'dependency-away', subject: 'bus', count: 1 },
    ])
  })

  it('finds ledger drift', () => {
    expect(find({ ledgerFindings: 2 })).toEqual([{ code: 'ledger-drift', subject: null, count: 2 }])
  })

  it('finds enabled channels without a usable credential', () => {
    const cooling = { ...active, coolingUntil: inMs(1) }
    const paused = { ...active, state: 'paused' as const }
    const spent = { ...channel, credentials: [cooling, paused] }
    expect(find({ channels: [spent] })).toEqual([
      { code: 'no-usable-credential', subject: 'main', count: 2 },
    ])
    expect(find({ channels: [{ ...channel, credentials: [] }] })).toMatchObject([{ count: 0 }])
    const recovered = { ...active, coolingUntil: inMs(0) }
    expect(find({ channels: [{ ...channel, credentials: [cooling, recovered] }] })).toEqual([])
    expect(find({ channels: [channel, { ...spent, name: 'off', enabled: false }] })).toEqual([])
  })

  it('finds credentials that need attention, by channel', () => {
    const channels = [{ ...channel, credentials: [active, attention, attention] }]
    expect(find({ channels })).toEqual([
      { code: 'credential-attention', subject: 'main', count: 2 },
    ])
  })

  it('finds failures of the last minutes if they are many and at least a tenth of the requests', () => {
    const at = inMs(-60_000)
    const high = { code: 'failures-high', subject: null, count: 5 }
    expect(find({ minutes: [{ at, requests: 50, failures: 5 }] })).toEqual([high])
    expect(find({ minutes: [{ at, requests: 51, failures: 5 }] })).toEqual([])
    expect(find({ minutes: [{ at, requests: 4, failures: 4 }] })).toEqual([])
    const past = inMs(-FAILURES_WITHIN_MS)
    expect(find({ minutes: [{ at: past, requests: 9, failures: 9 }] })).toEqual([])
  })

  it('finds a job that has been queued too long', () => {
    const images = { queued: 7, oldestQueuedAt: inMs(-QUEUE_OLD_MS - 1) }
    expect(find({ images })).toEqual([{ code: 'queue-old', subject: null, count: 7 }])
    expect(find({ images: { queued: 0, oldestQueuedAt: null } })).toEqual([])
  })

  it('finds an installation without a real channel', () => {
    const sandbox = { ...channel, dialect: 'sandbox' as const }
    expect(find({ channels: [sandbox] })).toMatchObject([{ code: 'no-real-channel', count: 1 }])
    expect(find({ channels: [] })).toMatchObject([{ code: 'no-real-channel', count: 0 }])
    const off = { ...channel, enabled: false }
    expect(find({ channels: [sandbox, off] })).toMatchObject([{ code: 'no-real-channel' }])
  })

  it('lists the most severe first', () => {
    const concerns = find({
      unavailable: ['billing'],
      ledgerFindings: 1,
      channels: [{ ...channel, dialect: 'sandbox', credentials: [attention] }],
      minutes: [{ at: now, requests: 9, failures: 9 }],
      images: { queued: 1, oldestQueuedAt: inMs(-QUEUE_OLD_MS - 1) },
    })
    expect(concerns.map(({ code }) => code)).toEqual([
      'dependency-away',
      'ledger-drift',
      'no-usable-credential',
      'failures-high',
      'queue-old',
      'credential-attention',
      'no-real-channel',
    ])
  })
})
