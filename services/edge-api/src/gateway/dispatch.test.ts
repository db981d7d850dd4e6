import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { credentialUses } from '../routing/credential-uses.ts'
import { outcomeReports } from './report-outcomes.ts'

describe('the use of credentials', () => {
  const failed: Outcome = { kind: 'failed', reason: 'x' }

  it('starts a growing cooldown after three consecutive failures; a success resets the count', () => {
    const uses = credentialUses()
    const fail = (nowMs: number) => {
      uses.begin('a')
      uses.end('a', failed, nowMs)
      return uses.of('a')?.coolingUntilMs
    }
    expect([fail(0), fail(0), fail(0), fail(0)]).toEqual([0, 0, 2_000, 4_000])
    uses.end('a', { kind: 'ok' }, 0)
    expect(fail(9_000)).toBe(4_000)
    expect(uses.of('a')?.running).toBe(0)
  })

  it('limits the cooldown after failures to a minute', () => {
    const uses = credentialUses()
    for (let count = 0; count < 40; count += 1) uses.end('a', failed, 0)
    expect(uses.of('a')?.coolingUntilMs).toBe(60_000)
  })
})

describe('reports to the scheduler', () => {
  function rig() {
    const clock = fakeClock()
    const fixture = {
      isUnavailable: false,
      reported: [] as { credentialId: string; outcome: Outcome }[],
      calls: 0,
    }
    const reports = outcomeReports({
      scheduler: {
        reportOutcomes: async ({ outcomes }) => {
          fixture.calls += 1
          if (fixture.isUnavailable) throw new Error('unavailable')
          fixture.reported.push(...outcomes)
          return { applied: outcomes.length }
        },
      },
      clock,
      log: recordedLog(),
    })
    return { clock, fixture, reports }
  }

  it('combine consecutive successes into one, and include every failure', async () => {
    const { clock, fixture, reports } = rig()
    for (let count = 0; count < 1_000; count += 1) reports.add('a', { kind: 'ok' }, 0)
    for (let count = 0; count < 3; count += 1) reports.add('a', { kind: 'failed', reason: 'x' }, 0)
    reports.add('a', { kind: 'ok' }, 0)
    reports.add('a', { kind: 'aborted' }, 0)
    await clock.advance(1_000)
    expect(fixture.reported.map(({ outcome }) => outcome.kind)).toEqual([
      'ok',
      'failed',
      'failed',
      'failed',
      'ok',
    ])
    expect(fixture.calls).toBe(1)
  })

  it('wait while the scheduler is unavailable, up to a limit', async () => {
    const { clock, fixture, reports } = rig()
    fixture.isUnavailable = true
    for (let n = 0; n < 6_000; n += 1) reports.add(`c${n}`, { kind: 'failed', reason: 'x' }, 0)
    await clock.advance(1_000)
    fixture.isUnavailable = false
    await clock.advance(20_000)
    expect(fixture.reported).toHaveLength(5_000)
    expect(fixture.reported.at(-1)?.credentialId).toBe('c5999')
    await reports.stop()
  })
})
