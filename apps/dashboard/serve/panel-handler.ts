import type { IncomingMessage } from 'node:http'

import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'

import type { Panel } from './create-panel.ts'

interface PanelHandlers {
  panel: Panel
  health: { fetch(request: Request): Response | Promise<Response> }
}

const healthPaths = new Set(['/health', '/ready', '/metrics'])

/** The panel and its health endpoints on one port; for the panel as a separate service. */
export function panelHandler({ panel, health }: PanelHandlers) {
  return {
    fetch: (request: Request, env?: unknown) =>
      healthPaths.has(new URL(request.url).pathname)
        ? health.fetch(request)
        : panel.fetch(request, callOf(env)),
  }
}

// node-server passes the Node request and response as bindings.
const endsOf = (env: unknown) => env as { incoming: IncomingMessage }

// Passed through unverified: only the gateway can verify its signature.
function callOf(env: unknown) {
  const { incoming } = endsOf(env)
  const stamp = incoming.headers[CALLER_HEADER]
  return { incoming, callerStamp: typeof stamp === 'string' ? stamp : undefined }
}
