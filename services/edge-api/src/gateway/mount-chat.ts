import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'

import type { ChatContext } from './chat-context.ts'
import { CHAT_ROUTE } from './chat-context.ts'
import type { EdgeApp } from '../http/request.ts'
import { runChat } from './run-chat.ts'

/**
 * POST /v1/chat/completions. `runChat` writes directly to Node's response, bypassing Hono: the handler
 * returns at once, and `runChat` ends every request.
 */
export function mountChat(app: EdgeApp, context: ChatContext): void {
  app.post(CHAT_ROUTE, ({ env }) => {
    void runChat(context, env)
    return RESPONSE_ALREADY_SENT
  })
}
