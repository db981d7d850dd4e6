import type { Log } from '@sluice/kernel/log'

import type { SessionPrincipal } from '../identity/identity.ts'

/** A change made by an operator. */
export interface OperatorAction {
  /** `object.change`, such as `user.ban`. */
  act: string
  /** The id or name of the changed object. */
  target: string
  /** The new values. No secrets: names of fields, counts, numbers. */
  facts?: Record<string, string | number | boolean | null | readonly string[]>
}

/** Logs who changed what, one line for each completed change. */
export function recordAction(
  { log }: { log: Log },
  { session, requestId, address }: OperatorCall,
  { act, target, facts = {} }: OperatorAction,
): void {
  const by = session.userId
  log.info({ act, by, target, ...facts, requestId, address }, 'an operator changed something')
}

/** The part of a call that identifies the operator. */
export interface OperatorCall {
  session: Pick<SessionPrincipal, 'userId'>
  requestId: string
  address: string
}
