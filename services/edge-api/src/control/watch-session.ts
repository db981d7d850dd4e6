import type { IncomingHttpHeaders } from 'node:http'

import type { Permission } from '@sluice/contracts/control/permissions'
import { mayDo } from '@sluice/contracts/control/permissions'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'

import type { EdgeDeps } from '../deps.ts'
import type { Identity } from '../identity/identity.ts'

/** A ban, another role or the end of a session ends a stream within this time. */
const LOOK_EVERY_MS = 900

const OVER: readonly ErrorCode[] = ['invalid_session', 'account_banned', 'permission_denied']

export interface SessionWatch {
  /** Aborts with the refusal once the session has ended, or may not see this any more. */
  readonly signal: AbortSignal
  /** False while nobody can tell: then what only some may see is not to be shown. */
  isSure(): boolean
  stop(): void
}

/**
 * Looks again and again whether the session of a stream still stands, and may do what the stream needs.
 * While nobody can tell, the stream goes on.
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
  const over = new AbortController()
  let looking = false
  let sure = true
  const look = async () => {
    // The last look has no answer yet.
    if (looking) return void (sure = false)
    looking = true
    try {
      const { role } = await identity.authenticate({ cookie, authorization })
      if (!mayDo(role, permission))
        throw new AppError('permission_denied', 'Your account may not see this any more.')
      sure = true
    } catch (err) {
      sure = false
      if (isAppError(err) && OVER.includes(err.code)) over.abort(err)
      else log.debug({ err }, 'the session of a stream was not looked at')
    } finally {
      looking = false
    }
  }
  const stop = clock.every(LOOK_EVERY_MS, () => void look())
  return { signal: over.signal, isSure: () => sure, stop }
}
