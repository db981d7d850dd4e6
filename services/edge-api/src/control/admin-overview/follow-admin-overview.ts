import { once } from 'node:events'

import { controlRoutes } from '@sluice/contracts/control/routes'
import { AppError } from '@sluice/kernel/app-error'

import { openSse } from '../../images/open-sse.ts'
import { createAbortScope } from '../../images/abort-scope.ts'
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
 * Counters about once a second, until the caller leaves, their session or their right to see this ends, or
 * this process stops. Who reads slowly misses frames; none is kept for them.
 */
export async function followAdminOverview(
  { gateway, identity, feed }: FollowContext,
  { incoming, outgoing }: Pick<Call, 'incoming' | 'outgoing'>,
): Promise<void> {
  const { deps, draining } = gateway
  if (incoming.method === 'HEAD')
    throw new AppError('method_not_allowed', 'Events can be read with GET only.')
  if (draining.aborted) throw new AppError('unavailable', 'This edge is stopping. Come back.')
  let first: string | undefined
  let show = (frame: string) => void (first = frame)
  // Before anything is written, so that a refusal can still be an answer.
  const unfollow = feed.follow((frame) => show(frame))
  const abortScope = createAbortScope(deps, outgoing)
  const { headers } = incoming
  const { access: permission } = controlRoutes.followAdminOverview
  const watch = watchSession({ ...deps, identity }, { headers, permission })
  const end = AbortSignal.any([abortScope.signal, watch.signal, draining])
  outgoing.setHeader('x-content-type-options', 'nosniff')
  const sse = openSse(deps, outgoing)
  let busy = false
  show = (text) => {
    if (busy || !watch.isSure()) return
    busy = true
    // Who has left is noticed by their patience.
    void sse
      .send([{ text }])
      .catch(() => undefined)
      .finally(() => (busy = false))
  }
  if (first !== undefined) show(first)
  try {
    if (!end.aborted) await once(end, 'abort')
  } finally {
    unfollow()
    watch.stop()
    abortScope.end()
    // What waits for a slow reader is not waited for.
    if (busy) outgoing.destroy()
    else sse.end()
  }
}
