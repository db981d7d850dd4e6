import { createServer as createNodeServer } from 'node:http'
import type { RequestListener, Server, ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'

import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import type { Log } from '@sluice/kernel/log'
import { systemRandom } from '@sluice/kernel/random'
import type { Env, Hono } from 'hono'

import { trackConnections } from './connections.ts'
import type { AllowedOrigins } from './cors.ts'
import { announceClose, drainServer } from './drain-server.ts'
import { checkHead } from './check-head.ts'
import { createRefusals } from './refuse-requests.ts'

/** Limits of one server. Times in milliseconds. */
export interface HttpLimits {
  /** Time limit for the headers of a request. */
  headersWithinMs: number
  /** Time limit for the whole request, including uploads. */
  requestWithinMs: number
  /** Keep-alive time of an idle connection, longer than the 60 s of common load balancers. */
  keepAliveMs: number
  headerBytesMax: number
  headersMax: number
  connectionsMax: number
  /** Per client address; behind a proxy that of the proxy. Below `connectionsMax` to leave room for others. */
  connectionsPerAddressMax: number
  /** Time limit for the first byte of a connection, which is then closed without a response. */
  firstByteWithinMs: number
}

export const httpLimits: HttpLimits = {
  headersWithinMs: 20_000,
  requestWithinMs: 300_000,
  keepAliveMs: 75_000,
  headerBytesMax: 32 * 1024,
  headersMax: 200,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 9_000,
  firstByteWithinMs: 10_000,
}

export interface ServeHttpOptions<E extends Env> {
  app: Pick<Hono<E>, 'fetch'>
  /** 0 chooses a free port; see `url` of the result. */
  port: number
  host: string
  /** Wraps the listener, so that another handler can share the port. */
  createServer?: (options: ServerOptions, listener: RequestListener) => Server
  log: Log
  clock?: Clock
  /** Request ids for requests that are refused before the app handles them. */
  newRequestId?: () => string
  /** Origins whose pages may read responses to refused requests; the app sets its own CORS headers. */
  allowedOrigins?: AllowedOrigins
  limits?: Partial<HttpLimits>
}

export interface HttpServer {
  /** `http://host:port`, with an address that clients can connect to. */
  url: string
  port: number
  /** Continues to accept, and adds `Connection: close` to all further responses. */
  announceClose(): void
  /** The number of open connections. */
  connections(): number
  /** Stops accepting, lets running requests finish, and closes the rest after `withinMs`. */
  close(limit: { withinMs: number }): Promise<void>
}

/** Resolves when the server listens; rejects when it cannot. */
export async function serveHttp<E extends Env>({
  app,
  port,
  host,
  createServer = createNodeServer,
  log,
  clock = systemClock,
  newRequestId = () => newId('req', { clock, random: systemRandom }),
  allowedOrigins,
  limits,
}: ServeHttpOptions<E>): Promise<HttpServer> {
  const bounds = { ...httpLimits, ...limits }
  const refuse = createRefusals({ log, newRequestId, clock, allowedOrigins })
  const answer = getRequestListener((request, env) => callApp(app, request, env), {
    hostname: host,
    errorHandler: refuse.failed,
  })
  const server = createServer(serverOptions(bounds), (incoming, outgoing) => {
    if (incoming.rawHeaders.length > bounds.headersMax * 2)
      return refuse.tooManyHeaders(incoming, outgoing)
    const refused = checkHead(incoming)
    if (refused) return refuse.head(refused, incoming, outgoing)
    if (!connections.begin(incoming.socket, outgoing)) return
    // An unhandled rejection would end the process.
    answer(incoming, outgoing).catch((err: unknown) => {
      log.error({ err }, 'writing a response failed')
      outgoing.destroy()
    })
  })
  // One above the limit: Node drops further connections itself, without choosing an idle one.
  server.maxConnections = bounds.connectionsMax + 1
  // One above the limit: Node drops further headers silently, so that they could not be refused.
  server.maxHeadersCount = bounds.headersMax + 1
  // Responses may stream without a time limit; the app limits idle streams.
  server.timeout = 0
  server.on('clientError', refuse.malformed)
  server.on('connect', (_, socket) => refuse.connect(socket))
  const connections = trackConnections(server, { limits: bounds, clock })
  await listen(server, { port, host })
  // Accepting may fail later, for lack of file descriptors; without a listener that would end the process.
  server.on('error', (err) => log.error({ err }, 'the server could not accept a connection'))
  const address = addressOf(server)
  let closed: Promise<void> | undefined
  return {
    url: urlOf(address),
    port: address.port,
    announceClose: () => announceClose(server),
    connections: () => connections.all.size,
    close: ({ withinMs }) =>
      (closed ??= drainServer({ server, sockets: connections.all, clock, log }, withinMs).finally(
        connections.stop,
      )),
  }
}

type Fetch<E extends Env> = Pick<Hono<E>, 'fetch'>
type NodeEnv = Parameters<Parameters<typeof getRequestListener>[0]>[1]

// Hono copies the response to HEAD, and the copy is no longer RESPONSE_ALREADY_SENT.
function callApp<E extends Env>(app: Fetch<E>, request: Request, env: NodeEnv) {
  const answer = app.fetch(request, env)
  if (env.incoming.method !== 'HEAD') return answer
  return Promise.resolve(answer).then((given) =>
    env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : given,
  )
}

function serverOptions(limits: HttpLimits): ServerOptions {
  return {
    headersTimeout: limits.headersWithinMs,
    requestTimeout: limits.requestWithinMs,
    keepAliveTimeout: limits.keepAliveMs,
    // How often Node checks the two timeouts above.
    connectionsCheckingInterval: Math.min(5_000, limits.headersWithinMs),
    maxHeaderSize: limits.headerBytesMax,
    // checkHead refuses a missing header, with the error envelope.
    requireHostHeader: false,
    noDelay: true,
    keepAlive: true,
  }
}

function listen(server: Server, address: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.port, address.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

// A server that listens on a port, not on a pipe, has an AddressInfo.
function addressOf(server: Server): AddressInfo {
  return server.address() as AddressInfo
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`
}
