import type { IncomingHttpHeaders } from 'node:http'

import type { Permission } from '@sluice/contracts/control/permissions'
import { mayDo } from '@sluice/contracts/control/permissions'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { Identity } from '../../identity/identity.ts'

const LOOK_EVERY_MS = 900

export interface AdminWatch {
  /** Aborts once the session has ended, or may not see this any more. */
  readonly signal: AbortSignal
  /** False while nobody can tell: then nothing is to be shown. */
  isSure(): boolean
  stop(): void
}

/** Looks again and again whether who asked may still see what they see. */
export function watchAdmin(
  { identity, clock }: { identity: Pick<Identity, 'authenticate'>; clock: Clock },
  {
    headers: { cookie, authorization },
    permission,
  }: { headers: IncomingHttpHeaders; permission: Permission },
): AdminWatch {
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
      if (!isAppError(err, 'unavailable')) over.abort(err)
    } finally {
      looking = false
    }
  }
  const stop = clock.every(LOOK_EVERY_MS, () => void look())
  return { signal: over.signal, isSure: () => sure, stop }
}
