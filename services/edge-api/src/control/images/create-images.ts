import { acceptPanelImages } from '../../accept/images-intake.ts'
import { holdUntilAnswered, isLargeBody } from '../../intake-limits.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { drawForPanel } from './draw-for-panel.ts'
import type { ImageParts } from './image-parts.ts'

/**
 * `POST /api/user/images`: JSON as for `/v1/images/generations`, or a form as for `/v1/images/edits`, with or
 * without pictures. Throws what the image routes throw.
 */
export function createImages(
  parts: ImageParts,
  call: ControlCall<'createImages'>,
): ReturnType<ControlHandlers['createImages']> {
  const { incoming, outgoing, session } = call
  const { bodies } = parts.door.intake
  const hold = holdUntilAnswered(bodies, { caller: session.userId, outgoing })
  const accept = (shelf: Parameters<typeof acceptPanelImages>[1]['shelf']) =>
    acceptPanelImages(parts.door, { incoming, shelf, hold })
  return drawForPanel(parts, { call, incoming, accept, isHeavy: isLargeBody(incoming), hold })
}
