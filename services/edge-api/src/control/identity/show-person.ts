import type { MemoryOf } from '@sluice/contracts/control/operation-types'

import type { Person } from '../../identity/identity.ts'

/** A person as they see themselves. */
export function showPerson(person: Person): MemoryOf<'getMe'>['answer']['user'] {
  const { id, email, role, createdAt } = person
  return { id, email, role, created_at: createdAt }
}
