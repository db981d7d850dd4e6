import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import { applyOutcome } from './apply-outcome.ts'
import type { Health } from './health.ts'
import { freshHealth, gateOf, isFresh } from './health.ts'

const ok: Outcome = { kind: 'ok' }
const failed: Outcome = { kind: 'failed', reason: 'HTTP 502' }
const aborted: Outcome = { kind: 'aborted' }
const unauthorised = (reason: string): Outcome => ({ kind: 'unauthorised', reason })
const limited = (retryAtMs?: number): Outcome => ({
  kind: 'limited',
  retryAt: retryAtMs === undefined ? null : new Date(retryAtMs),
})

function after(outcomes: Outcome[], { from = freshHealth, atMs = 0, probe = false } = {}): Health {
  return outcomes.reduce((health, outcome) => applyOutcome(health, { outcome, atMs, probe }), from)
}
const tripped = after(Array.from({ length: 5 }, () => failed))

describe('an outcome', () => {
  it('that teaches nothing leaves the very same health, so that nothing is written', () => {
    expect(after([ok])).toBe(freshHealth)
    expect(after([aborted], { from: tripped, probe: true })).toBe(tripped)
    expect(after([ok, failed], { from: tripped })).toBe(tripped)
  })

  it('of a limit lets the credential rest until then', () => {
    expect(gateOf(after([limited(61_000)]))).toEqual({
      shut: false,
      restUntilMs: 61_000,
      probation: false,
    })
  })

  it('of failures opens the circuit', () => {
    expect(gateOf(tripped)).toEqual({ shut: false, restUntilMs: 5_000, probation: true })
  })

  it('of a refused key asks for a person, with the first reason that was given', () => {
    const refused = after([unauthorised('401 invalid key'), unauthorised('403 other')])
    expect(refused.attention).toBe('401 invalid key')
    expect(gateOf(refused).shut).toBe(true)
  })

  it('cannot lift attention: only a person can', () => {
    const refused = after([unauthorised('401')])
    expect(after([ok, limited(), failed, aborted, ok], { from: refused }).attention).toBe('401')
  })

  it('of a limited probe closes the circuit and lets the credential rest', () => {
    const health = after([limited(90_000)], { from: tripped, atMs: 6_000, probe: true })
    expect(gateOf(health)).toEqual({ shut: false, restUntilMs: 90_000, probation: false })
  })

  it('of success makes a credential fresh again that rested, or tripped and was probed', () => {
    const rested = after([ok], { from: after([limited()]), atMs: 5_000 })
    const probed = after([ok], { from: tripped, atMs: 5_000, probe: true })
    expect([rested, probed].map(isFresh)).toEqual([true, true])
  })
})

it('the longer of two rests counts', () => {
  const both = after([limited(90_000)], { from: tripped })
  expect(gateOf(both)).toMatchObject({ restUntilMs: 90_000, probation: true })
})
