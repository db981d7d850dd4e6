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

  it('of a refusal without a reason lets the credential rest, and never asks for a person by itself', () => {
    const refusal: Outcome = { kind: 'refused', operation: 'chat', reason: '401' }
    const refused = after(Array.from({ length: 30 }, () => refusal))
    expect(refused.attention).toBeNull()
    expect(gateOf(refused)).toMatchObject({ shut: false, restUntilMs: 5_000 })
    expect(isFresh(after([ok], { from: refused, atMs: 5_000 }))).toBe(true)
  })

  it('of the list of models that is refused as well asks for a person; refused alone it says nothing', () => {
    const refusal: Outcome = { kind: 'refused', operation: 'chat', reason: '401' }
    const list: Outcome = { kind: 'refused', operation: 'models', reason: '401' }
    expect(after([list, list])).toBe(freshHealth)
    expect(after([refusal, list]).attention).toBe('401')
    expect(after([refusal, ok, list]).attention).toBeNull()
  })

  it('of one model or one operation leaves all else as it is', () => {
    const limits = after([{ kind: 'limited', retryAt: new Date(40_000), model: 'a' }])
    expect(gateOf(limits)).toEqual({ shut: false, restUntilMs: 0, probation: false })
    expect(gateOf(limits, 'a')).toMatchObject({ restUntilMs: 40_000 })
    const denied = after([{ kind: 'denied', operation: 'image', reason: 'scope' }])
    expect(gateOf(denied)).toEqual({ shut: false, restUntilMs: 0, probation: false })
    expect(isFresh(denied)).toBe(false)
    expect(isFresh(after([{ kind: 'ok', operation: 'image' }], { from: denied }))).toBe(true)
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
