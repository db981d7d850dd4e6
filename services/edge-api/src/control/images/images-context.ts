import { createPanelPrincipal } from '../../auth/panel-principal.ts'
import type { PanelPrincipal } from '../../auth/panel-principal.ts'
import { inFlightLimit } from '../../limits/in-flight-limit.ts'
import type { ControlContext } from '../control-context.ts'
import type { StreamLimit } from '../../http/stream-limit.ts'
import { createStreamLimit } from '../../http/stream-limit.ts'

/** Shared by the image operations. */
export interface ImagesContext extends Pick<ControlContext, 'gateway' | 'identity'> {
  /** The principal of a signed-in user for image requests from the panel. */
  panelPrincipal: PanelPrincipal
  inFlight: ReturnType<typeof inFlightLimit>
  streams: StreamLimit
}

export function createImagesContext({ gateway, identity }: ControlContext): ImagesContext {
  const { deps } = gateway
  const panelPrincipal = createPanelPrincipal(deps)
  const streams = createStreamLimit()
  return { gateway, identity, panelPrincipal, inFlight: inFlightLimit(gateway), streams }
}
