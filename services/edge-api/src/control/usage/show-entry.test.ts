import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import { expect, it } from 'vitest'

import { showEntry } from './show-entry.ts'

const entry = (facts: Partial<LedgerEntry>): LedgerEntry => ({
  id: 'tr_1',
  seq: 1n,
  kind: 'hold',
  debitAccount: 'available:wal_1',
  creditAccount: 'held:wal_1',
  amountMicro: 5n,
  holdId: null,
  refType: null,
  refId: null,
  memo: null,
  createdAt: new Date(0),
  ...facts,
})

it.each([
  ['a hold', 'available:wal_1', 'held:wal_1', -5n],
  ['a capture of what was held', 'held:wal_1', 'revenue:wal_1', 0n],
  ['a late capture', 'available:wal_1', 'revenue:wal_1', -5n],
  ['a release', 'held:wal_1', 'available:wal_1', 5n],
  ['a grant', 'promo:wal_1', 'available:wal_1', 5n],
  ['a refund', 'revenue:wal_1', 'available:wal_1', 5n],
  ['a debt', 'receivable:wal_1', 'revenue:wal_1', 0n],
])(
  'a statement says what %s did to what is available',
  (_, debitAccount, creditAccount, change) => {
    expect(showEntry(entry({ debitAccount, creditAccount })).available_change_micro).toBe(change)
  },
)

it('a statement names the charge of a task, and none of a batch or a person', () => {
  const idOf = (refType: string | null) => showEntry(entry({ refType, refId: 'x' })).charge_id
  expect(['job', 'usage', 'person', null].map(idOf)).toEqual(['x', null, null, null])
})
