import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'

import type { ChatParts } from '../chat-parts.ts'
import { CHAT_ROUTE } from '../chat-parts.ts'
import type { EdgeApp } from '../request.ts'
import { runChat } from '../run-chat.ts'

/**
 * POST /v1/chat/completions. The answer goes past Hono into Node's own response: the handler returns at
 * once, and `runChat` ends every request by itself.
 */
export function mountChat(app: EdgeApp, parts: ChatParts): void {
  app.post(CHAT_ROUTE, ({ env }) => {
    void runChat(parts, env)
    return RESPONSE_ALREADY_SENT
  })
}
