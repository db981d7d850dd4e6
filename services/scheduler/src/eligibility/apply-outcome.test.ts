import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import { applyOutcome } from './apply-outcome.ts'
import type { Health } from './health.ts'
import { initialHealth, gateOf, isInitialHealth } from './health.ts'

const ok: Outcome = { kind: 'ok' }
const failed: Outcome = { kind: 'failed', reason: 'HTTP 502' }
const aborted: Outcome = { kind: 'aborted' }
const unauthorised = (reason: string): Outcome => ({ kind: 'unauthorised', reason })
const limited = (retryAtMs?: number): Outcome => ({
  kind: 'limited',
  retryAt: retryAtMs === undefined ? null : new Date(retryAtMs),
})

function after(
  outcomes: Outcome[],
  { from = initialHealth, atMs = 0, probe = false } = {},
): Health {
  return outcomes.reduce((health, outcome) => applyOutcome(health, { outcome, atMs, probe }), from)
}
const tripped = after(Array.from({ length: 5 }, () => failed))

describe('an outcome', () => {
  it('without an effect returns the same health object, so that nothing is written', () => {
    expect(after([ok])).toBe(initialHealth)
    expect(after([aborted], { from: tripped, probe: true })).toBe(tripped)
    expect(after([ok, failed], { from: tripped })).toBe(tripped)
  })

  it('limited with a time cools the credential down until that time', () => {
    expect(gateOf(after([limited(61_000)]))).toEqual({
      disabled: false,
      notBeforeMs: 61_000,
      probation: false,
    })
  })

  it('failed, five times, opens the circuit', () => {
    expect(gateOf(tripped)).toEqual({ disabled: false, notBeforeMs: 5_000, probation: true })
  })

  it('unauthorised sets attention with the first reason', () => {
    const refused = after([unauthorised('401 invalid key'), unauthorised('403 other')])
    expect(refused.attention).toBe('401 invalid key')
    expect(gateOf(refused).disabled).toBe(true)
  })

  it('refused cools the credential down, and never sets attention by itself', () => {
    const refusal: Outcome = { kind: 'refused', operation: 'chat', reason: '401' }
    const refused = after(Array.from({ length: 30 }, () => refusal))
    expect(refused.attention).toBeNull()
    expect(gateOf(refused)).toMatchObject({ disabled: false, notBeforeMs: 5_000 })
    expect(isInitialHealth(after([ok], { from: refused, atMs: 5_000 }))).toBe(true)
  })

  it('refused for the list of models sets attention after refused calls, and has no effect alone', () => {
    const refusal: Outcome = { kind: 'refused', operation: 'chat', reason: '401' }
    const list: Outcome = { kind: 'refused', operation: 'models', reason: '401' }
    expect(after([list, list])).toBe(initialHealth)
    expect(after([refusal, list]).attention).toBe('401')
    expect(after([refusal, ok, list]).attention).toBeNull()
  })

  it('for one model or one operation restricts that use only', () => {
    const limits = after([{ kind: 'limited', retryAt: new Date(40_000), model: 'a' }])
    expect(gateOf(limits)).toEqual({ disabled: false, notBeforeMs: 0, probation: false })
    expect(gateOf(limits, 'a')).toMatchObject({ notBeforeMs: 40_000 })
    const denied = after([{ kind: 'denied', operation: 'image', reason: 'scope' }])
    expect(gateOf(denied)).toEqual({ disabled: false, notBeforeMs: 0, probation: false })
    expect(isInitialHealth(denied)).toBe(false)
    expect(isInitialHealth(after([{ kind: 'ok', operation: 'image' }], { from: denied }))).toBe(
      true,
    )
  })

  it('never lifts attention', () => {
    const refused = after([unauthorised('401')])
    expect(after([ok, limited(), failed, aborted, ok], { from: refused }).attention).toBe('401')
  })

  it('limited for a probe closes the circuit and cools the credential down', () => {
    const health = after([limited(90_000)], { from: tripped, atMs: 6_000, probe: true })
    expect(gateOf(health)).toEqual({ disabled: false, notBeforeMs: 90_000, probation: false })
  })

  it('ok resets the health after a cooldown, or as a probe of an open circuit', () => {
    const cooled = after([ok], { from: after([limited()]), atMs: 5_000 })
    const probed = after([ok], { from: tripped, atMs: 5_000, probe: true })
    expect([cooled, probed].map(isInitialHealth)).toEqual([true, true])
  })
})

it('of an open circuit and a cooldown, the later end applies', () => {
  const both = after([limited(90_000)], { from: tripped })
  expect(gateOf(both)).toMatchObject({ notBeforeMs: 90_000, probation: true })
})
