import { AppError } from '@sluice/kernel/app-error'

import type { User } from '../../identity/identity.ts'
import type { UserDeps } from './user-deps.ts'

/** Throws `not_found`. */
export async function findUser(
  { identity }: Pick<UserDeps, 'identity'>,
  userId: string,
): Promise<User> {
  const user = await identity.findUserById({ userId })
  if (user) return user
  throw new AppError('not_found', 'There is no such user.')
}
