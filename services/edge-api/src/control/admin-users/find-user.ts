import { AppError } from '@sluice/kernel/app-error'

import type { Person } from '../../identity/identity.ts'
import type { UserDeps } from './user-deps.ts'

/** Throws `not_found`. */
export async function findUser(
  { identity }: Pick<UserDeps, 'identity'>,
  userId: string,
): Promise<Person> {
  const person = await identity.findPerson({ userId })
  if (person) return person
  throw new AppError('not_found', 'There is no such person.')
}
