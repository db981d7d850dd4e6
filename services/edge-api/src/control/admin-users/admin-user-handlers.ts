import type { ControlContext } from '../control-context.ts'
import type { ControlHandlers } from '../handlers.ts'
import { createUser } from './create-user.ts'
import { editUser } from './edit-user.ts'
import { findUser } from './find-user.ts'
import { grantCredits } from './grant-credits.ts'
import { listUsers } from './list-users.ts'
import { toUserDto } from './user-dto.ts'
import type { UserDeps } from './user-deps.ts'

type Operation = 'listUsers' | 'createUser' | 'getUser' | 'editUser' | 'grantCredits'

/** User management for operators. */
export function adminUserHandlers({
  gateway,
  identity,
}: Pick<ControlContext, 'gateway' | 'identity'>): Pick<ControlHandlers, Operation> {
  const { billing, clock, random, log, identityStore: users } = gateway.deps
  const deps: UserDeps = { identity, users, billing, clock, random, log }
  return {
    listUsers: ({ query }) => listUsers(deps, query),
    createUser: (call) => createUser(deps, call),
    async getUser({ params }) {
      const user = await findUser(deps, params.id)
      return toUserDto(user, await billing.readBalance({ wallet: user.wallet }))
    },
    editUser: (call) => editUser(deps, call),
    grantCredits: (call) => grantCredits(deps, call),
  }
}
