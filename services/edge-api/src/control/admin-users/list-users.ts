import { id } from '@sluice/contracts/codecs'
import type { MemoryOf } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'

import { showUser } from './show-user.ts'
import type { UserDeps } from './user-deps.ts'

type ListUsers = MemoryOf<'listUsers'>

/** One page of people, newest first, with their balances of one moment. Throws `invalid_value`. */
export async function listUsers(
  { people, billing }: Pick<UserDeps, 'people' | 'billing'>,
  { q, role, state, cursor, limit }: ListUsers['query'],
): Promise<ListUsers['answer']> {
  if (cursor !== undefined && !id.safeParse(cursor).success) {
    const message = "'cursor': take the next_cursor of the page before."
    throw new AppError('invalid_value', message, { param: 'cursor' })
  }
  const found = await people.listPeople({ q, role, state, before: cursor, limit: limit + 1 })
  const page = found.slice(0, limit)
  const wallets = page.map(({ wallet }) => wallet)
  const { balances } = wallets.length > 0 ? await billing.readBalances({ wallets }) : noBalances
  assert(balances.length === page.length, 'every wallet that was asked for has a balance')
  const items = page.flatMap((person, index) => {
    const balance = balances[index]
    return balance ? [showUser(person, balance)] : []
  })
  return { items, next_cursor: found.length > limit ? (page.at(-1)?.id ?? null) : null }
}

const noBalances = { balances: [] }
