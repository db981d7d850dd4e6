import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'
import { systemRandom } from '@sluice/kernel/random'

import type { ControlHandlers } from '../../src/control/handlers.ts'
import type { SessionPrincipal } from '../../src/identity/identity.ts'
import { adminImageHandlers, imageHandlers } from '../../src/control/images/image-handlers.ts'
import { mountControl } from '../../src/control/mount-control.ts'
import type { GatewayContext } from '../../src/gateway-context.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { EdgeApp, EdgeContext } from '../../src/http/request.ts'
import { partialStub } from '../partial-stub.ts'

/** Mounts the panel's image operations for the given sessions. */
export function mountPanel(
  app: EdgeApp,
  gateway: GatewayContext,
  sessions: ReadonlyMap<string, SessionPrincipal>,
): void {
  const { clock } = gateway.deps
  const authenticate: Identity['authenticate'] = async ({ authorization = '' }) => {
    const session = sessions.get(authorization.replace('Bearer ', ''))
    if (!session) throw new AppError('invalid_session', 'The session is invalid.')
    return session
  }
  const identity = partialStub<Identity>({ authenticate })
  const context = { gateway, identity, version: 'test' }
  const assignRequestId = ({ env }: EdgeContext) => {
    const requestId = newId('req', { clock, random: systemRandom })
    env.outgoing.setHeader('x-request-id', requestId)
    return requestId
  }
  const addressOf = () => '127.0.0.1'
  const control = {
    clock,
    sweep: gateway.sweep,
    bodies: gateway.intake.bodies,
    publicOrigin: undefined,
    addressOf,
  }
  mountControl(
    app,
    {
      ...control,
      assignRequestId,
      authenticate,
      count: () => {},
      beginPublicCall: () => () => {},
    },
    partialStub<ControlHandlers>({ ...imageHandlers(context), ...adminImageHandlers(context) }),
  )
}
