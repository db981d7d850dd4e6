import { checkImageNames } from '@sluice/protocol/images/check-names'
import { parseLargeJson } from '@sluice/protocol/parse-large-json'

import type { ChatCall, ChatContext, ChatRequest } from './chat-context.ts'
import { answerChatWithImage } from '../images/chat-image.ts'

/** Hands a chat request for an image model to the image routes, which also log it. */
export function delegateToImages(
  context: ChatContext,
  { incoming, outgoing }: ChatCall,
  {
    principal,
    body,
    scanned,
    trace,
  }: Pick<ChatRequest, 'principal' | 'scanned' | 'trace'> & { body: Buffer },
): Promise<void> {
  const { requestId, receivedAtMs } = trace
  trace.isDelegated = true
  outgoing.setHeader('x-request-id', requestId)
  return answerChatWithImage(context.gateway, {
    admitted: { requestId, principal, receivedAtMs },
    incoming,
    outgoing,
    bodyBytes: body,
    body: parseBody(body),
    model: scanned.model?.name ?? '',
    stream: scanned.stream,
  })
}

function parseBody(body: Buffer): Record<string, unknown> {
  // A member that an image model does not read is listed for the caller by its name.
  const checked = checkImageNames(body, 'false')
  // `scanChatBody` has verified that it is an object.
  return parseLargeJson(checked) as Record<string, unknown>
}
