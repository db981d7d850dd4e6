import { createPanelPrincipal } from '../../admit/panel-principal.ts'
import type { PanelPrincipal } from '../../admit/panel-principal.ts'
import { inFlightLimit } from '../../images/in-flight-limit.ts'
import type { ControlParts } from '../control-parts.ts'
import type { StreamLimit } from '../../stream-limit.ts'
import { createStreamLimit } from '../../stream-limit.ts'

/** What the image operations share. */
export interface ImageParts extends Pick<ControlParts, 'door' | 'identity'> {
  /** Who a signed-in person is to the door, when they draw. */
  panelPrincipal: PanelPrincipal
  inFlight: ReturnType<typeof inFlightLimit>
  streams: StreamLimit
}

export function imageParts({ door, identity }: ControlParts): ImageParts {
  const { deps } = door
  const panelPrincipal = createPanelPrincipal(deps)
  const streams = createStreamLimit()
  return { door, identity, panelPrincipal, inFlight: inFlightLimit(door), streams }
}
