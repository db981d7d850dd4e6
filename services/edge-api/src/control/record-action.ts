import type { Log } from '@sluice/kernel/log'

import type { SessionPrincipal } from '../identity/identity.ts'

/** Something that an operator changed. */
export interface OperatorAction {
  /** `thing.change`, such as `user.ban`. */
  act: string
  /** The id or name of what was changed. */
  target: string
  /** What it is now. No secrets: names of fields, counts, numbers. */
  facts?: Record<string, string | number | boolean | null | readonly string[]>
}

/** Writes who changed what: one line of the log for each act that was done. */
export function recordAction(
  { log }: { log: Log },
  { session, requestId, address }: OperatorCall,
  { act, target, facts = {} }: OperatorAction,
): void {
  const by = session.userId
  log.info({ act, by, target, ...facts, requestId, address }, 'an operator changed something')
}

/** The part of a call that says whose wish it is. */
export interface OperatorCall {
  session: Pick<SessionPrincipal, 'userId'>
  requestId: string
  address: string
}
