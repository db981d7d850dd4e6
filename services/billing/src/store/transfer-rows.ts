import type { Tables } from '@sluice/db/tables'
import type { LedgerTransfersTable } from '@sluice/db/tables/billing'
import type { Selectable, Transaction } from 'kysely'

import type { PostedTransfer, Transfer } from '../ledger/transfer.ts'

export type TransferRow = Selectable<LedgerTransfersTable>

export async function findTransfer(
  trx: Transaction<Tables>,
  id: string,
): Promise<PostedTransfer | undefined> {
  const row = await trx
    .selectFrom('ledger_transfers')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toTransfer(row)
}

export const toTransfer = (row: TransferRow): PostedTransfer => ({
  id: row.id,
  seq: row.seq,
  wallet: row.wallet,
  kind: row.kind,
  debitAccount: row.debit_account,
  creditAccount: row.credit_account,
  amountMicro: row.amount_micro,
  holdId: row.hold_id,
  refType: storedRefType(row.ref_type),
  refId: row.ref_id,
  memo: row.memo,
  createdAt: row.created_at,
})

/** The columns of a transfer, without its number, in the form that `jsonb_to_recordset` reads. */
export const toTransferJson = (transfer: Transfer) => ({
  id: transfer.id,
  wallet: transfer.wallet,
  kind: transfer.kind,
  debit_account: transfer.debitAccount,
  credit_account: transfer.creditAccount,
  amount_micro: String(transfer.amountMicro),
  hold_id: transfer.holdId,
  ref_type: transfer.refType,
  ref_id: transfer.refId,
  memo: transfer.memo,
  created_at: transfer.createdAt,
})

// Only this folder writes the column, and it writes values of this type.
const storedRefType = (value: string | null) => value as Transfer['refType']
