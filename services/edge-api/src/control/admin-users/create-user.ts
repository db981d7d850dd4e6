import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { toUserDto } from './user-dto.ts'
import type { UserDeps } from './user-deps.ts'

type Call = Pick<ControlCall<'createUser'>, 'session' | 'body' | 'requestId' | 'address'>

/** Creates an account; a generated password is in this response only. Throws `email_taken`. */
export async function createUser(
  deps: UserDeps,
  call: Call,
): Promise<Decoded<'createUser'>['answer']> {
  const { identity, billing } = deps
  const { user, generatedPassword } = await identity.createUser(call.body)
  const { id, role, wallet } = user
  recordAction(deps, call, { act: 'user.create', target: id, facts: { role } })
  const balance = await billing.readBalance({ wallet })
  return { ...toUserDto(user, balance), password: generatedPassword }
}
