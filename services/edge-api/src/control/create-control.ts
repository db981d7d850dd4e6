import { adminChannelHandlers } from './admin-channels/admin-channel-handlers.ts'
import { adminOverviewHandlers } from './admin-overview/admin-overview-handlers.ts'
import { adminUserHandlers } from './admin-users/admin-user-handlers.ts'
import type { ControlParts } from './control-parts.ts'
import type { ControlHandlers } from './handlers.ts'
import { identityHandlers } from './identity/identity-handlers.ts'
import { adminImageHandlers, imageHandlers } from './images/image-handlers.ts'
import { keyHandlers } from './keys/key-handlers.ts'
import { openApiDocument } from './openapi.ts'
import { usageHandlers } from './usage/usage-handlers.ts'

/** Every operation of the control API: one line for each group. One that nobody carries out is a type error. */
export function createControl(parts: ControlParts): ControlHandlers {
  const document = openApiDocument(parts)
  return {
    getOpenApi: async () => document,
    ...identityHandlers(parts),
    ...keyHandlers(parts),
    ...imageHandlers(parts),
    ...adminImageHandlers(parts),
    ...usageHandlers(parts),
    ...adminOverviewHandlers(parts),
    ...adminUserHandlers(parts),
    ...adminChannelHandlers(parts),
  }
}
