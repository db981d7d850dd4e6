import type { ControlParts } from '../control-parts.ts'
import type { ControlHandlers } from '../handlers.ts'
import { createUser } from './create-user.ts'
import { editUser } from './edit-user.ts'
import { findUser } from './find-user.ts'
import { grantCredits } from './grant-credits.ts'
import { listUsers } from './list-users.ts'
import { showUser } from './show-user.ts'
import type { UserDeps } from './user-deps.ts'

type Operation = 'listUsers' | 'createUser' | 'getUser' | 'editUser' | 'grantCredits'

/** People, as operators manage them. */
export function adminUserHandlers({
  door,
  identity,
}: Pick<ControlParts, 'door' | 'identity'>): Pick<ControlHandlers, Operation> {
  const { billing, clock, random, log, identityStore: people } = door.deps
  const deps: UserDeps = { identity, people, billing, clock, random, log }
  return {
    listUsers: ({ query }) => listUsers(deps, query),
    createUser: (call) => createUser(deps, call),
    async getUser({ params }) {
      const person = await findUser(deps, params.id)
      return showUser(person, await billing.readBalance({ wallet: person.wallet }))
    },
    editUser: (call) => editUser(deps, call),
    grantCredits: (call) => grantCredits(deps, call),
  }
}
