import type { MemoryOf } from '@sluice/contracts/control/operation-types'

import type { ControlCall } from '../handlers.ts'
import { recordAct } from '../record-act.ts'
import { showUser } from './show-user.ts'
import type { UserDeps } from './user-deps.ts'

type Call = Pick<ControlCall<'createUser'>, 'session' | 'body' | 'requestId' | 'address'>

/** Makes an account; a password that we made is in this answer only. Throws `email_taken`. */
export async function createUser(
  deps: UserDeps,
  call: Call,
): Promise<MemoryOf<'createUser'>['answer']> {
  const { identity, billing } = deps
  const { person, madePassword } = await identity.createUser(call.body)
  const { id, role, wallet } = person
  recordAct(deps, call, { act: 'user.create', target: id, facts: { role } })
  const balance = await billing.readBalance({ wallet })
  return { ...showUser(person, balance), password: madePassword }
}
