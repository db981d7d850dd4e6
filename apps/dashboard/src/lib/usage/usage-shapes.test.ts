import type { UsageRow } from '@sluice/contracts/control/usage'
import { expect, it } from 'vitest'

import { byModel, daysBetween, stacksOf } from './usage-shapes.ts'

const row = (day: string, model: string, charged: string): UsageRow => ({
  day,
  model,
  requests: 1,
  failures: 0,
  input_tokens: 2,
  output_tokens: 3,
  pictures: 1,
  charged_micro: charged,
})

it('each model has one row, ordered by charge', () => {
  const rows = [
    row('2026-11-20', 'small', '5'),
    row('2026-11-20', 'large', '9007199254740993'),
    row('2026-11-21', 'large', '1'),
  ]
  const [first, second] = byModel(rows)
  expect(first).toMatchObject({ model: 'large', requests: 2, charged_micro: '9007199254740994' })
  expect(second).toMatchObject({ model: 'small', requests: 1 })
})

it('a period has every day, including month ends and leap days', () => {
  expect(daysBetween('2028-02-28', '2028-03-01')).toEqual([
    '2028-02-28',
    '2028-02-29',
    '2028-03-01',
  ])
  expect(daysBetween('2026-11-22', '2026-11-21')).toEqual([])
})

it('the stacks contain all charges for any number of models', () => {
  const days = ['2026-11-20', '2026-11-21']
  const rows = Array.from({ length: 9 }, (_, at) =>
    row(days[at % 2] ?? '', `model-${at}`, String(100 + at)),
  )
  const stacks = stacksOf(rows, days)
  expect(stacks).toHaveLength(7)
  expect(stacks.at(-1)?.model).toBeUndefined()
  const sum = stacks.flatMap(({ micros }) => micros).reduce((all, micro) => all + micro, 0n)
  expect(sum).toBe(rows.reduce((all, { charged_micro }) => all + BigInt(charged_micro), 0n))
})
