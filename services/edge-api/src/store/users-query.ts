import type { Role } from '@sluice/contracts/control/permissions'

import type { StoredUser } from './stored-user.ts'

/** Filters of a list of users. Absent filters match everyone. */
export interface UsersQuery {
  /** Part of the e-mail, in any case, taken literally; or an id. */
  q?: string | undefined
  role?: Role | undefined
  state?: 'active' | 'banned' | undefined
  /** The id of the last user of the previous page. */
  before?: string | undefined
  limit: number
}

/** Whether the user matches the filters, on any page. */
export function matchesUsers(
  { id, email, role, ban }: StoredUser,
  query: Omit<UsersQuery, 'before' | 'limit'>,
): boolean {
  const { q, state } = query
  if (q !== undefined && id !== q && !email.includes(q.toLowerCase())) return false
  if (query.role !== undefined && role !== query.role) return false
  return state === undefined || (ban === null) === (state === 'active')
}
