import { adminChannelHandlers } from './admin-channels/admin-channel-handlers.ts'
import { adminOverviewHandlers } from './admin-overview/admin-overview-handlers.ts'
import { adminUserHandlers } from './admin-users/admin-user-handlers.ts'
import type { ControlContext } from './control-context.ts'
import type { ControlHandlers } from './handlers.ts'
import { identityHandlers } from './identity/identity-handlers.ts'
import { adminImageHandlers, imageHandlers } from './images/image-handlers.ts'
import { keyHandlers } from './keys/key-handlers.ts'
import { openApiDocument } from './openapi.ts'
import { usageHandlers } from './usage/usage-handlers.ts'

/** All operations of the control API, one line for each group. A missing operation is a type error. */
export function createControl(context: ControlContext): ControlHandlers {
  const document = openApiDocument(context)
  return {
    getOpenApi: async () => document,
    ...identityHandlers(context),
    ...keyHandlers(context),
    ...imageHandlers(context),
    ...adminImageHandlers(context),
    ...usageHandlers(context),
    ...adminOverviewHandlers(context),
    ...adminUserHandlers(context),
    ...adminChannelHandlers(context),
  }
}
