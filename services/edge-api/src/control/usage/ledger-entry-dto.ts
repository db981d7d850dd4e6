import type { LedgerEntry } from '@sluice/contracts/billing.contract'
import type { Decoded } from '@sluice/contracts/control/operation-types'

export type LedgerEntryDto = Decoded<'listLedger'>['answer']['items'][number]

/** A ledger entry as a line for the API. */
export function toLedgerEntryDto(entry: LedgerEntry): LedgerEntryDto {
  const { id, kind, amountMicro, debitAccount, creditAccount, refType, refId, memo } = entry
  return {
    id,
    kind,
    amount_micro: amountMicro,
    available_change_micro: availableChange(entry),
    debit_account: debitAccount,
    credit_account: creditAccount,
    // A batch of calls is many charges; an operator's grant is none.
    charge_id: refType === 'job' ? refId : null,
    memo,
    at: entry.createdAt,
  }
}

function availableChange({ debitAccount, creditAccount, amountMicro }: LedgerEntry): bigint {
  if (creditAccount.startsWith('available:')) return amountMicro
  return debitAccount.startsWith('available:') ? -amountMicro : 0n
}
