import type { UsageSum } from '@sluice/contracts/charges'
import type { FailureSum } from '@sluice/jobs/list-store'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { LoggedSum } from '../../store/request-log-store.ts'
import { mergeUsage, noUsage, topModels, totalOf } from './merge-usage.ts'

const billed = (facts: Partial<UsageSum> = {}): UsageSum => ({
  day: '2026-11-21',
  model: 'gpt-5',
  calls: 1,
  inputTokens: 0,
  outputTokens: 0,
  pictures: 0,
  chargedMicro: 0n,
  ...facts,
})
const logged = (facts: Partial<LoggedSum> = {}): LoggedSum => ({
  day: '2026-11-21',
  model: 'gpt-5',
  requests: 1,
  failures: 0,
  ...facts,
})

describe('merged usage', () => {
  it('has charges from the ledger and requests from the log, in one row per day and model', () => {
    const rows = mergeUsage({
      billed: [
        billed({ calls: 2, inputTokens: 5, outputTokens: 6, pictures: 1, chargedMicro: 7n }),
      ],
      logged: [logged({ requests: 4, failures: 2 })],
      failedTasks: [],
    })
    expect(rows).toEqual([
      {
        day: '2026-11-21',
        model: 'gpt-5',
        requests: 4,
        failures: 2,
        input_tokens: 5,
        output_tokens: 6,
        pictures: 1,
        charged_micro: 7n,
      },
    ])
  })

  it('counts requests that are missing in the log by their charges', () => {
    const none = { failedTasks: [] }
    const rows = mergeUsage({ ...none, billed: [billed({ calls: 3 })], logged: [] })
    expect(rows).toMatchObject([{ requests: 3, failures: 0 }])
    const late = [logged({ requests: 2 })]
    const both = mergeUsage({ ...none, billed: [billed({ calls: 3 })], logged: late })
    expect(both).toMatchObject([{ requests: 3 }])
  })

  it('adds failed tasks to failed requests, and never has more failures than requests', () => {
    const failed = { day: '2026-11-21', model: 'gpt-5', failures: 2 }
    const both = { billed: [], logged: [logged({ requests: 5, failures: 1 })] }
    expect(mergeUsage({ ...both, failedTasks: [failed] })).toMatchObject([
      { requests: 5, failures: 3 },
    ])
    const unlogged = mergeUsage({ billed: [], logged: [], failedTasks: [failed] })
    expect(unlogged).toMatchObject([{ model: 'gpt-5', requests: 2, failures: 2 }])
  })

  it('counts requests without a known model, and charges them nothing', () => {
    const rows = mergeUsage({
      billed: [],
      logged: [logged({ model: '', requests: 2, failures: 2 })],
      failedTasks: [],
    })
    expect(rows).toMatchObject([{ model: '', requests: 2, failures: 2, charged_micro: 0n }])
    expect(topModels(rows, 5)).toEqual([])
  })

  it('is newest first, then most expensive first', () => {
    const rows = mergeUsage({
      billed: [
        billed({ day: '2026-11-20', model: 'a', chargedMicro: 9n }),
        billed({ model: 'b', chargedMicro: 1n }),
        billed({ model: 'c', chargedMicro: 2n }),
      ],
      logged: [logged({ model: 'd', requests: 5 })],
      failedTasks: [],
    })
    expect(rows.map(({ model }) => model)).toEqual(['c', 'b', 'd', 'a'])
  })

  it('has every micro-credit, token and picture of the ledger once, and at least all requests', () => {
    const anyDay = fc.constantFrom('2026-11-20', '2026-11-21')
    const anyModel = fc.constantFrom('a', 'b', '')
    const key = ({ day, model }: { day: string; model: string }) => `${day} ${model}`
    const anyBilled = fc.uniqueArray(
      fc.record<UsageSum>({
        day: anyDay,
        model: anyModel,
        calls: fc.nat(9),
        inputTokens: fc.nat(),
        outputTokens: fc.nat(),
        pictures: fc.nat(9),
        chargedMicro: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      }),
      { selector: key },
    )
    const anyLogged = fc.uniqueArray(
      fc.record<LoggedSum>({
        day: anyDay,
        model: anyModel,
        requests: fc.nat(9),
        failures: fc.nat(9),
      }),
      { selector: key },
    )
    const anyFailed = fc.uniqueArray(
      fc.record<FailureSum>({ day: anyDay, model: anyModel, failures: fc.nat(9) }),
      { selector: key },
    )
    fc.assert(
      fc.property(anyBilled, anyLogged, anyFailed, (sums, logs, failedTasks) => {
        const total = totalOf(mergeUsage({ billed: sums, logged: logs, failedTasks }))
        const of = <Row>(rows: readonly Row[], read: (row: Row) => number) =>
          rows.reduce((sum, row) => sum + read(row), 0)
        expect(total.charged_micro).toBe(sums.reduce((sum, row) => sum + row.chargedMicro, 0n))
        expect(total.input_tokens).toBe(of(sums, (row) => row.inputTokens))
        expect(total.pictures).toBe(of(sums, (row) => row.pictures))
        const failures = [...logs, ...failedTasks]
        expect(total.failures).toBe(of(failures, (row) => row.failures))
        expect(total.requests).toBeGreaterThanOrEqual(of(sums, (row) => row.calls))
        expect(total.requests).toBeGreaterThanOrEqual(of(logs, (row) => row.requests))
      }),
    )
  })
})

describe('the top models', () => {
  it('are the most expensive ones over all days, at most `countMax`', () => {
    const row = { day: '2026-11-21', ...noUsage }
    const rows = [
      { ...row, model: 'a', charged_micro: 3n },
      { ...row, model: 'b', charged_micro: 2n },
      { ...row, day: '2026-11-20', model: 'b', charged_micro: 2n },
      { ...row, model: 'c', requests: 9 },
    ]
    expect(topModels(rows, 2)).toEqual([
      { ...noUsage, model: 'b', charged_micro: 4n },
      { ...noUsage, model: 'a', charged_micro: 3n },
    ])
  })
})
