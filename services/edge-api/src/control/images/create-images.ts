import { acceptPanelImages } from '../../images/intake.ts'
import { holdUntilAnswered, isLargeBody } from '../../intake-limits.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { generateForPanel } from './generate-for-panel.ts'
import type { ImagesContext } from './images-context.ts'

/**
 * `POST /api/user/images`: JSON as for `/v1/images/generations`, or a form as for `/v1/images/edits`, with or
 * without pictures. Throws the errors of those routes.
 */
export function createImages(
  context: ImagesContext,
  call: ControlCall<'createImages'>,
): ReturnType<ControlHandlers['createImages']> {
  const { incoming, outgoing, session } = call
  const { bodies } = context.gateway.intake
  const hold = holdUntilAnswered(bodies, { caller: session.userId, outgoing })
  const accept = (staging: Parameters<typeof acceptPanelImages>[1]['staging']) =>
    acceptPanelImages(context.gateway, { incoming, staging, hold })
  return generateForPanel(context, { call, incoming, accept, isHeavy: isLargeBody(incoming), hold })
}
