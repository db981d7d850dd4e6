import type { MemoryOf } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import type { ControlParts } from '../control-parts.ts'
import { showEntry } from './show-entry.ts'

interface LedgerQuestion {
  wallet: string
  query: MemoryOf<'listLedger'>['query']
  signal: AbortSignal
}

/** The statement of a wallet, newest first. */
export async function listLedger(
  { door: { deps } }: Pick<ControlParts, 'door'>,
  { wallet, query: { cursor, limit }, signal }: LedgerQuestion,
): Promise<MemoryOf<'listLedger'>['answer']> {
  const before = cursor === undefined ? undefined : readEntryCursor(cursor)
  const { entries, next } = await deps.billing.listEntries({ wallet, before, limit }, { signal })
  return { items: entries.map(showEntry), next_cursor: next === null ? null : String(next) }
}

/** The statement of the person with this id. Throws `not_found`. */
export async function listUserLedger(
  parts: Pick<ControlParts, 'door'>,
  { userId, ...question }: Omit<LedgerQuestion, 'wallet'> & { userId: string },
): Promise<MemoryOf<'listLedger'>['answer']> {
  const wallet = await parts.door.deps.keyOwners.walletOf(userId)
  if (wallet !== undefined) return listLedger(parts, { ...question, wallet })
  throw new AppError('not_found', 'There is no such person.')
}

/** The number of an entry. */
function readEntryCursor(cursor: string): bigint {
  if (/^\d{1,18}$/.test(cursor)) return BigInt(cursor)
  throw new AppError('invalid_value', "'cursor' must be the next_cursor of the page before.", {
    param: 'cursor',
  })
}
