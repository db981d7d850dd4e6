import type { Decoded } from '@sluice/contracts/control/operation-types'
import { assert } from '@sluice/kernel/assert'

import { cursorOf, readCursor } from '../id-cursor.ts'
import { toUserDto } from './user-dto.ts'
import type { UserDeps } from './user-deps.ts'

type ListUsers = Decoded<'listUsers'>

/** One page of users, newest first, with balances read at the same time. Throws `invalid_value`. */
export async function listUsers(
  { users, billing }: Pick<UserDeps, 'users' | 'billing'>,
  { q, role, state, cursor, limit }: ListUsers['query'],
): Promise<ListUsers['answer']> {
  const before = readCursor(cursor)
  const found = await users.listUserRows({ q, role, state, before, limit: limit + 1 })
  const page = found.slice(0, limit)
  const wallets = page.map(({ wallet }) => wallet)
  const { balances } = wallets.length > 0 ? await billing.readBalances({ wallets }) : noBalances
  assert(balances.length === page.length, 'every requested wallet has a balance')
  const items = page.flatMap((user, index) => {
    const balance = balances[index]
    return balance ? [toUserDto(user, balance)] : []
  })
  const last = found.length > limit ? page.at(-1) : undefined
  return { items, next_cursor: last ? cursorOf(last.id) : null }
}

const noBalances = { balances: [] }
