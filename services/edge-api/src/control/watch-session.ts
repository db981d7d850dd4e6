import type { IncomingHttpHeaders } from 'node:http'

import type { Permission } from '@sluice/contracts/control/permissions'
import { hasPermission } from '@sluice/contracts/control/permissions'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'

import type { EdgeDeps } from '../deps.ts'
import type { Identity } from '../identity/identity.ts'

/** The interval of session checks: an ended session or lost permission ends a stream within this time. */
const POLL_EVERY_MS = 900

const FINAL_CODES: readonly ErrorCode[] = ['invalid_session', 'account_banned', 'permission_denied']

export interface SessionWatch {
  /** Aborts with the error once the session has ended, or has lost the permission. */
  readonly signal: AbortSignal
  /** False while the session cannot be checked: then restricted data must not be sent. */
  isVerified(): boolean
  stop(): void
}

/**
 * Checks periodically that the session of a stream is valid and has the permission. While the check fails for
 * another reason, the stream continues.
 */
export function watchSession(
  {
    identity,
    clock,
    log,
  }: Pick<EdgeDeps, 'clock' | 'log'> & { identity: Pick<Identity, 'authenticate'> },
  {
    headers: { cookie, authorization },
    permission,
  }: { headers: IncomingHttpHeaders; permission: Permission },
): SessionWatch {
  const ended = new AbortController()
  let polling = false
  let verified = true
  const poll = async () => {
    // The last check has not finished yet.
    if (polling) return void (verified = false)
    polling = true
    try {
      const { role } = await identity.authenticate({ cookie, authorization })
      if (!hasPermission(role, permission))
        throw new AppError('permission_denied', 'Your account may not see this any more.')
      verified = true
    } catch (err) {
      verified = false
      if (isAppError(err) && FINAL_CODES.includes(err.code)) ended.abort(err)
      else log.debug({ err }, 'session of a stream not checked')
    } finally {
      polling = false
    }
  }
  const stop = clock.every(POLL_EVERY_MS, () => void poll())
  return { signal: ended.signal, isVerified: () => verified, stop }
}
