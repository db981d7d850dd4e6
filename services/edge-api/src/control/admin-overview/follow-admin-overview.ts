import { once } from 'node:events'

import { controlRoutes } from '@sluice/contracts/control/routes'
import { AppError } from '@sluice/kernel/app-error'

import { openSse } from '../../http/open-sse.ts'
import { createAbortScope } from '../../http/abort-scope.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { GatewayContext } from '../../gateway-context.ts'
import type { Identity } from '../../identity/identity.ts'
import type { ControlHandler } from '../handlers.ts'
import { watchSession } from '../watch-session.ts'
import type { LiveFeed } from './live-feed.ts'

type Call = Parameters<ControlHandler<'followAdminOverview'>>[0]

export interface FollowContext {
  gateway: Pick<GatewayContext, 'draining'> & { deps: Pick<EdgeDeps, 'clock' | 'blobs' | 'log'> }
  identity: Pick<Identity, 'authenticate'>
  feed: LiveFeed<string>
}

/**
 * Streams counters about once a second, until the caller disconnects, their session or permission ends, or
 * this process stops. A slow reader misses frames; none is buffered.
 */
export async function followAdminOverview(
  { gateway, identity, feed }: FollowContext,
  { incoming, outgoing }: Pick<Call, 'incoming' | 'outgoing'>,
): Promise<void> {
  const { deps, draining } = gateway
  if (incoming.method === 'HEAD')
    throw new AppError('method_not_allowed', 'Events can be read with GET only.')
  if (draining.aborted) throw new AppError('unavailable', 'This edge is stopping. Reconnect.')
  let first: string | undefined
  let send = (frame: string) => void (first = frame)
  // Follows before anything is written, so that an error can still be sent as a response.
  const unfollow = feed.follow((frame) => send(frame))
  const abortScope = createAbortScope(deps, outgoing)
  const { headers } = incoming
  const { access: permission } = controlRoutes.followAdminOverview
  const watch = watchSession({ ...deps, identity }, { headers, permission })
  const end = AbortSignal.any([abortScope.signal, watch.signal, draining])
  outgoing.setHeader('x-content-type-options', 'nosniff')
  const sse = openSse(deps, outgoing)
  let busy = false
  send = (text) => {
    if (busy || !watch.isVerified()) return
    busy = true
    // A disconnect is detected by the abort scope.
    void sse
      .send([{ text }])
      .catch(() => undefined)
      .finally(() => (busy = false))
  }
  if (first !== undefined) send(first)
  try {
    if (!end.aborted) await once(end, 'abort')
  } finally {
    unfollow()
    watch.stop()
    abortScope.end()
    // Does not wait for a write to a slow reader.
    if (busy) outgoing.destroy()
    else sse.end()
  }
}
