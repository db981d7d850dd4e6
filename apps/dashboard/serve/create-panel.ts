import type { IncomingMessage } from 'node:http'

import type { Log } from '@sluice/kernel/log'

import { compressPage } from './compress-page.ts'
import type { Gateways } from './gateways.ts'
import type { PanelBuild } from './panel-build.ts'
import { requestOrigin } from './request-origin.ts'
import { serveAssets } from './serve-asset.ts'

/** Forms carry a few lines; pictures go from the browser to the gateway itself. */
const FORM_BYTES_MAX = 512 * 1024
/** The forms of who is not signed in: an e-mail and a password, percent-encoded. */
const OPEN_FORM_BYTES_MAX = 16 * 1024
const OPEN_FORMS: ReadonlySet<string> = new Set(['/login', '/register'])

export interface PanelDeps {
  build: PanelBuild
  /** Where the gateway listens; asked at each request, since a port may be known late. */
  gateways: Gateways
  /** `PUBLIC_BASE_URL`, where it is set. */
  publicBaseUrl: string | undefined
  log: Log
}

/** What stands beside a request. */
export interface PanelCall {
  incoming: IncomingMessage
  /** Where the request came from, signed by the door that it came through. */
  callerStamp: string | undefined
}

/** The panel behind a door: answers everything that it is asked. */
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
    fetch: async (request, { incoming, callerStamp }) => {
      const { pathname, search } = new URL(request.url)
      const asset = build.assets.get(pathname)
      if (asset) return serveAsset(asset, request)
      const bytesMax = OPEN_FORMS.has(pathname) ? OPEN_FORM_BYTES_MAX : FORM_BYTES_MAX
      if (isTooLarge(request, bytesMax)) return new Response('Too large', { status: 413 })
      const origin = requestOrigin({
        host: incoming.headers.host ?? '',
        origin: request.headers.get('origin'),
        publicOrigin,
      })
      const asked = new Request(`${origin}${pathname}${search}`, initOf(request))
      const address = incoming.socket.remoteAddress ?? 'unknown'
      const answer = await build.server.respond(asked, {
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
  // Browsers say the length of a form; a body of unknown length is none of theirs.
  const length = headers.get('content-length')
  return headers.has('transfer-encoding') || Number(length ?? 0) > bytesMax
}

// A request of the platform's own kind: SvelteKit may copy it, which a server's light one does not bear.
function initOf({ method, headers, body, signal }: Request): RequestInit & { duplex?: 'half' } {
  const init = { method, headers: [...headers], signal }
  return body === null ? init : { ...init, body, duplex: 'half' }
}
