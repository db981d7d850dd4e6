import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { credentialUses } from './credential-uses.ts'
import type { Failed, Step } from './next-step.ts'
import { ATTEMPTS_MAX, nextStep } from './next-step.ts'
import { outcomeReports } from './report-outcomes.ts'
import { retryBudget } from './retry-budget.ts'

const first: Failed = {
  failureClass: 'retry-elsewhere',
  answerBegan: false,
  attempts: 1,
  attemptsHere: 1,
  hasOtherCredential: true,
  hasOtherChannel: true,
  budgetAllows: true,
  timeAllows: true,
}

describe('the next step', () => {
  it.each<[string, Partial<Failed>, Step]>([
    ['a failing channel', {}, 'next-channel'],
    ['the only channel, with another key', { hasOtherChannel: false }, 'next-credential'],
    [
      'the only key of the only channel',
      { hasOtherChannel: false, hasOtherCredential: false },
      'give-up',
    ],
    ['a limited key', { failureClass: 'credential-limited' }, 'next-credential'],
    [
      'a bad key that was the last',
      { failureClass: 'credential-bad', hasOtherCredential: false },
      'next-channel',
    ],
    ['a request that was not taken', { failureClass: 'retry-here' }, 'retry-here'],
    [
      'one that was not taken twice',
      { failureClass: 'retry-here', attempts: 2, attemptsHere: 2 },
      'next-channel',
    ],
    ['a mistake of the caller', { failureClass: 'caller-bad' }, 'give-up'],
    ['a call that was called off', { failureClass: 'fatal' }, 'give-up'],
    ['an answer that had begun', { answerBegan: true }, 'give-up'],
    ['too little time', { timeAllows: false }, 'give-up'],
    ['too many attempts', { attempts: ATTEMPTS_MAX }, 'give-up'],
    ['the first failover without budget', { budgetAllows: false }, 'next-channel'],
    ['a second one without budget', { budgetAllows: false, attempts: 2 }, 'give-up'],
  ])('after %s', (_, facts, expected) => {
    expect(nextStep({ ...first, ...facts })).toBe(expected)
  })
})

describe('the budget of retries', () => {
  it('is a tenth of the requests, and a little saved up', () => {
    const budget = retryBudget()
    let retries = 0
    for (let requests = 0; requests < 10_000; requests += 1) {
      budget.earn()
      if (!budget.allows()) continue
      budget.spend()
      retries += 1
    }
    expect(retries).toBeLessThanOrEqual(1_030)
    expect(retries).toBeGreaterThan(990)
  })
})

describe('the use of credentials', () => {
  const failed: Outcome = { kind: 'failed', reason: 'x' }

  it('rests one after three failures in a row, longer each time, and not after a success', () => {
    const uses = credentialUses()
    const fail = (nowMs: number) => {
      uses.begin('a')
      uses.end('a', failed, nowMs)
      return uses.of('a')?.restUntilMs
    }
    expect([fail(0), fail(0), fail(0), fail(0)]).toEqual([0, 0, 2_000, 4_000])
    uses.end('a', { kind: 'ok' }, 0)
    expect(fail(9_000)).toBe(4_000)
    expect(uses.of('a')?.running).toBe(0)
  })

  it('never rests one longer than a minute by failures', () => {
    const uses = credentialUses()
    for (let count = 0; count < 40; count += 1) uses.end('a', failed, 0)
    expect(uses.of('a')?.restUntilMs).toBe(60_000)
  })
})

describe('reports to the scheduler', () => {
  function rig() {
    const clock = fakeClock()
    const fixture = {
      away: false,
      told: [] as { credentialId: string; outcome: Outcome }[],
      calls: 0,
    }
    const reports = outcomeReports({
      scheduler: {
        reportOutcomes: async ({ outcomes }) => {
          fixture.calls += 1
          if (fixture.away) throw new Error('away')
          fixture.told.push(...outcomes)
          return { applied: outcomes.length }
        },
      },
      clock,
      log: recordedLog(),
    })
    reports.start()
    return { clock, fixture, reports }
  }

  it('tell a thousand successes once a second, and every failure', async () => {
    const { clock, fixture, reports } = rig()
    for (let count = 0; count < 1_000; count += 1) reports.add('a', { kind: 'ok' }, 0)
    for (let count = 0; count < 3; count += 1) reports.add('a', { kind: 'failed', reason: 'x' }, 0)
    reports.add('a', { kind: 'ok' }, 0)
    reports.add('a', { kind: 'aborted' }, 0)
    await clock.advance(1_000)
    expect(fixture.told.map(({ outcome }) => outcome.kind)).toEqual([
      'ok',
      'failed',
      'failed',
      'failed',
      'ok',
    ])
    expect(fixture.calls).toBe(1)
  })

  it('wait while the scheduler is away, up to a limit', async () => {
    const { clock, fixture, reports } = rig()
    fixture.away = true
    for (let n = 0; n < 6_000; n += 1) reports.add(`c${n}`, { kind: 'failed', reason: 'x' }, 0)
    await clock.advance(1_000)
    fixture.away = false
    await clock.advance(20_000)
    expect(fixture.told).toHaveLength(5_000)
    expect(fixture.told.at(-1)?.credentialId).toBe('c5999')
    await reports.stop()
  })
})
