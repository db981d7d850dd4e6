import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import type { Decoded } from '@sluice/contracts/control/operation-types'

export type LedgerLine = Decoded<'listLedger'>['answer']['items'][number]

/** An entry of the ledger as a line of a statement. */
export function showEntry(entry: LedgerEntry): LedgerLine {
  const { id, kind, amountMicro, debitAccount, creditAccount, refType, refId, memo } = entry
  return {
    id,
    kind,
    amount_micro: amountMicro,
    available_change_micro: availableChange(entry),
    debit_account: debitAccount,
    credit_account: creditAccount,
    // A batch of calls is many charges; a person who gave credits is none.
    charge_id: refType === 'job' ? refId : null,
    memo,
    at: entry.createdAt,
  }
}

function availableChange({ debitAccount, creditAccount, amountMicro }: LedgerEntry): bigint {
  if (creditAccount.startsWith('available:')) return amountMicro
  return debitAccount.startsWith('available:') ? -amountMicro : 0n
}
