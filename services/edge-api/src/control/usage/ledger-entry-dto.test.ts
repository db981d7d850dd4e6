import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import { expect, it } from 'vitest'

import { toLedgerEntryDto } from './ledger-entry-dto.ts'

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
  'a ledger line shows the change of the available balance by %s',
  (_, debitAccount, creditAccount, change) => {
    expect(toLedgerEntryDto(entry({ debitAccount, creditAccount })).available_change_micro).toBe(
      change,
    )
  },
)

it('a ledger line has the charge id of a task, but none of a batch or an operator grant', () => {
  const idOf = (refType: string | null) =>
    toLedgerEntryDto(entry({ refType, refId: 'x' })).charge_id
  expect(['job', 'usage', 'person', null].map(idOf)).toEqual(['x', null, null, null])
})
