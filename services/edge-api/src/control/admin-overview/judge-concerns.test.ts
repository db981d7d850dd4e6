import { describe, expect, it } from 'vitest'

import type { InstallationState } from './judge-concerns.ts'
import { FAILURES_WITHIN_MS, judgeConcerns, QUEUE_OLD_MS } from './judge-concerns.ts'

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
const well: InstallationState = {
  now,
  channels: [channel],
  minutes: [{ at: inMs(-60_000), requests: 100, failures: 4 }],
  images: { queued: 3, oldestQueuedAt: inMs(-QUEUE_OLD_MS) },
  ledgerFindings: 0,
  away: [],
}
const judge = (facts: Partial<InstallationState>) => judgeConcerns({ ...well, ...facts })

describe('what a person should look at', () => {
  it('is nothing when all is well', () => {
    expect(judge({})).toEqual([])
    expect(judge({ ledgerFindings: null, minutes: [] })).toEqual([])
  })

  it('is who cannot be reached, by name', () => {
    expect(judge({ away: ['database', 'bus'] })).toEqual([
      { code: 'dependency-away', subject: 'database', count: 1 },
      { code: 'dependency-away', subject: 'bus', count: 1 },
    ])
  })

  it('is a ledger that is not sound', () => {
    expect(judge({ ledgerFindings: 2 })).toEqual([
      { code: 'ledger-drift', subject: null, count: 2 },
    ])
  })

  it('is an enabled channel that no credential can serve now, whatever keeps them', () => {
    const cooling = { ...active, coolingUntil: inMs(1) }
    const paused = { ...active, state: 'paused' as const }
    const spent = { ...channel, credentials: [cooling, paused] }
    expect(judge({ channels: [spent] })).toEqual([
      { code: 'no-usable-credential', subject: 'main', count: 2 },
    ])
    expect(judge({ channels: [{ ...channel, credentials: [] }] })).toMatchObject([{ count: 0 }])
    const rested = { ...active, coolingUntil: inMs(0) }
    expect(judge({ channels: [{ ...channel, credentials: [cooling, rested] }] })).toEqual([])
    expect(judge({ channels: [channel, { ...spent, name: 'off', enabled: false }] })).toEqual([])
  })

  it('is credentials that need a person, by channel', () => {
    const channels = [{ ...channel, credentials: [active, attention, attention] }]
    expect(judge({ channels })).toEqual([
      { code: 'credential-attention', subject: 'main', count: 2 },
    ])
  })

  it('is failures that are many, and a tenth of what was asked, of the last minutes only', () => {
    const at = inMs(-60_000)
    const high = { code: 'failures-high', subject: null, count: 5 }
    expect(judge({ minutes: [{ at, requests: 50, failures: 5 }] })).toEqual([high])
    expect(judge({ minutes: [{ at, requests: 51, failures: 5 }] })).toEqual([])
    expect(judge({ minutes: [{ at, requests: 4, failures: 4 }] })).toEqual([])
    const past = inMs(-FAILURES_WITHIN_MS)
    expect(judge({ minutes: [{ at: past, requests: 9, failures: 9 }] })).toEqual([])
  })

  it('is a picture that has waited too long', () => {
    const images = { queued: 7, oldestQueuedAt: inMs(-QUEUE_OLD_MS - 1) }
    expect(judge({ images })).toEqual([{ code: 'queue-old', subject: null, count: 7 }])
    expect(judge({ images: { queued: 0, oldestQueuedAt: null } })).toEqual([])
  })

  it('is a house that only plays: nothing but the sandbox, or nothing at all', () => {
    const sandbox = { ...channel, dialect: 'sandbox' as const }
    expect(judge({ channels: [sandbox] })).toMatchObject([{ code: 'no-real-channel', count: 1 }])
    expect(judge({ channels: [] })).toMatchObject([{ code: 'no-real-channel', count: 0 }])
    const off = { ...channel, enabled: false }
    expect(judge({ channels: [sandbox, off] })).toMatchObject([{ code: 'no-real-channel' }])
  })

  it('is told worst first', () => {
    const concerns = judge({
      away: ['billing'],
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
