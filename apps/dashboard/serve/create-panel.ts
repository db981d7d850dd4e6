import type { IncomingMessage } from 'node:http'

import { panelFormBytesMax } from '@sluice/contracts/control/panel-forms'
import type { Log } from '@sluice/kernel/log'

import { compressPage } from './compress-page.ts'
import type { Gateways } from './gateways.ts'
import type { PanelBuild } from './panel-build.ts'
import { requestOrigin } from './request-origin.ts'
import { serveAssets } from './serve-asset.ts'

export interface PanelDeps {
  build: PanelBuild
  /** Gateway addresses; read for each request, since a port may be known only after start. */
  gateways: Gateways
  /** `PUBLIC_BASE_URL`, if set. */
  publicBaseUrl: string | undefined
  log: Log
}

/** Data passed along with a request. */
export interface PanelCall {
  incoming: IncomingMessage
  /** The caller's address, signed by the gateway that received the request. */
  callerStamp: string | undefined
  /** The body if the gateway has already read it; otherwise it is still in the request. */
  form?: Buffer | undefined
}

/** The panel as a fetch handler: responds to every request. */
export interface Panel {
  fetch(request: Request, env: PanelCall): Promise<Response>
}

/** The built panel as a value: opens no socket, reads no environment. */
export function createPanel({ build, gateways, publicBaseUrl, log }: PanelDeps): Panel {
  const publicOrigin = publicBaseUrl === undefined ? undefined : new URL(publicBaseUrl).origin
  const serveAsset = serveAssets()
  const report = (err: unknown, { path }: { path: string }) =>
    log.error({ err, path }, 'a page of the panel failed')

  return {
    fetch: async (request, { incoming, callerStamp, form }) => {
      const { pathname, search } = new URL(request.url)
      const asset = build.assets.get(pathname)
      if (asset) return serveAsset(asset, request)
      if (!form && isTooLarge(request, panelFormBytesMax(pathname)))
        return new Response('Too large', { status: 413 })
      const origin = requestOrigin({
        host: incoming.headers.host ?? '',
        origin: request.headers.get('origin'),
        publicOrigin,
      })
      const rewritten = new Request(`${origin}${pathname}${search}`, initOf(request, form))
      const address = incoming.socket.remoteAddress ?? 'unknown'
      const answer = await build.server.respond(rewritten, {
        platform: {
          apiUrls: gateways.inOrder(),
          gatewayFailed: gateways.failed,
          callerStamp,
          report,
        },
        getClientAddress: () => address,
      })
      return compressPage(answer, request)
    },
  }
}

function isTooLarge({ method, headers }: Request, bytesMax: number): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  // Browsers send the length of a form, so a body of unknown length does not come from a browser.
  const length = headers.get('content-length')
  return headers.has('transfer-encoding') || Number(length ?? 0) > bytesMax
}

// Options for a native Request: SvelteKit may clone it, which the server's lightweight request does not support.
function initOf(request: Request, form: Buffer | undefined): RequestInit & { duplex?: 'half' } {
  const { method, signal } = request
  const headers = new Headers(request.headers)
  if (form) {
    headers.set('content-length', String(form.length))
    return { method, headers, signal, body: new Uint8Array(form) }
  }
  const { body } = request
  const init = { method, headers, signal }
  return body === null ? init : { ...init, body, duplex: 'half' }
}
