import type { IncomingHttpHeaders } from 'node:http'

import { isAppError } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'

import type { EdgeDeps } from '../../deps.ts'
import type { Identity } from '../../identity/identity.ts'

/** A ban or the end of a session ends a stream within this time. */
const LOOK_EVERY_MS = 900

const OVER: readonly ErrorCode[] = ['invalid_session', 'account_banned']

/**
 * Looks again and again whether the session of a stream still stands. The signal aborts with the refusal once
 * it does not; while nobody can tell, the stream goes on. `stop` ends the looking.
 */
export function watchSession(
  {
    identity,
    clock,
    log,
  }: Pick<EdgeDeps, 'clock' | 'log'> & { identity: Pick<Identity, 'authenticate'> },
  { headers: { cookie, authorization } }: { headers: IncomingHttpHeaders },
): { signal: AbortSignal; stop: () => void } {
  const over = new AbortController()
  let looking = false
  const look = async () => {
    if (looking) return
    looking = true
    try {
      await identity.authenticate({ cookie, authorization })
    } catch (err) {
      if (isAppError(err) && OVER.includes(err.code)) over.abort(err)
      else log.debug({ err }, 'the session of a stream was not looked at')
    } finally {
      looking = false
    }
  }
  const stop = clock.every(LOOK_EVERY_MS, () => void look())
  return { signal: over.signal, stop }
}
