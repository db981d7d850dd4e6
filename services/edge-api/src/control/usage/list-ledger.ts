import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import type { ControlContext } from '../control-context.ts'
import { toLedgerEntryDto } from './ledger-entry-dto.ts'

interface LedgerQuery {
  wallet: string
  query: Decoded<'listLedger'>['query']
  signal: AbortSignal
}

/** The ledger entries of a wallet, newest first. */
export async function listLedger(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { wallet, query: { cursor, limit }, signal }: LedgerQuery,
): Promise<Decoded<'listLedger'>['answer']> {
  const before = cursor === undefined ? undefined : readEntryCursor(cursor)
  const { entries, next } = await deps.billing.listEntries({ wallet, before, limit }, { signal })
  return { items: entries.map(toLedgerEntryDto), next_cursor: next === null ? null : String(next) }
}

/** The ledger entries of a user's wallet. Throws `not_found`. */
export async function listUserLedger(
  context: Pick<ControlContext, 'gateway'>,
  { userId, ...rest }: Omit<LedgerQuery, 'wallet'> & { userId: string },
): Promise<Decoded<'listLedger'>['answer']> {
  const wallet = await context.gateway.deps.keyOwners.walletOf(userId)
  if (wallet !== undefined) return listLedger(context, { ...rest, wallet })
  throw new AppError('not_found', 'There is no such user.')
}

/** Parses the sequence number of an entry. */
function readEntryCursor(cursor: string): bigint {
  if (/^\d{1,18}$/.test(cursor)) return BigInt(cursor)
  throw new AppError('invalid_value', "'cursor' must be the next_cursor of the previous page.", {
    param: 'cursor',
  })
}
