import { AppError } from '@sluice/kernel/app-error'
import { checkImageNames } from '@sluice/protocol/images/check-names'

import type { ChatCall, ChatParts, ChatTurn } from './chat-parts.ts'
import { answerChatWithImage } from './images/chat-image.ts'

/** A chat request that names an image model is answered by the image routes, which record it too. */
export function handOverToImages(
  parts: ChatParts,
  { incoming, outgoing }: ChatCall,
  {
    principal,
    body,
    scanned,
    trace,
  }: Pick<ChatTurn, 'principal' | 'scanned' | 'trace'> & { body: Buffer },
): Promise<void> {
  const { requestId, receivedAtMs } = trace
  trace.handedOver = true
  outgoing.setHeader('x-request-id', requestId)
  return answerChatWithImage(parts.door, {
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
  checkImageNames(body)
  try {
    // The scan has seen that it is an object.
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch (cause) {
    throw new AppError('invalid_json', 'The body is not valid JSON.', { cause })
  }
}
