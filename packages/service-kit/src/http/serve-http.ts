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
import { judgeHead } from './judge-head.ts'
import { refusals } from './refuse-unheard.ts'

/** What one server bears. Times in milliseconds. */
export interface HttpLimits {
  /** A caller must have sent all headers by then. */
  headersWithinMs: number
  /** A caller must have sent the whole request by then; uploads included. */
  requestWithinMs: number
  /** How long a quiet connection is kept. Longer than the balancers before us, which reuse theirs for 60 s. */
  keepAliveMs: number
  headerBytesMax: number
  headersMax: number
  connectionsMax: number
  /** Of one address; behind a proxy all connections have the proxy's. Less than all, so that a place stays. */
  connectionsPerAddressMax: number
  /** A connection that has sent nothing by then is closed without a word. */
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
  /** 0 takes a free one; see `url` of the result. */
  port: number
  host: string
  /** Wraps the listener, so that another handler may share the port. */
  createServer?: (options: ServerOptions, listener: RequestListener) => Server
  log: Log
  clock?: Clock
  /** Names requests that are refused before the app hears of them. */
  newRequestId?: () => string
  /** Whose pages may read what is refused before the app hears of it; the app has its own leave to give. */
  allowedOrigins?: AllowedOrigins
  limits?: Partial<HttpLimits>
}

export interface HttpServer {
  /** `http://host:port`, with an address that can be called. */
  url: string
  port: number
  /** Goes on accepting, and asks with every answer that its connection is not used again. */
  leave(): void
  /** How many are open now. */
  connections(): number
  /** Stops accepting, lets running requests finish, and cuts what is left after the time. */
  close(limit: { withinMs: number }): Promise<void>
}

/** Listens. Resolves when the port is open; rejects when it cannot be had. */
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
  const refuse = refusals({ log, newRequestId, clock, allowedOrigins })
  const answer = getRequestListener((request, env) => ask(app, request, env), {
    hostname: host,
    errorHandler: refuse.unheard,
  })
  const server = createServer(serverOptions(bounds), (incoming, outgoing) => {
    if (incoming.rawHeaders.length > bounds.headersMax * 2)
      return refuse.tooManyHeaders(incoming, outgoing)
    const refused = judgeHead(incoming)
    if (refused) return refuse.head(refused, incoming, outgoing)
    if (!connections.begin(incoming.socket, outgoing)) return
    // Unheard, a failed answer would end the process.
    answer(incoming, outgoing).catch((err: unknown) => {
      log.error({ err }, 'an answer could not be written')
      outgoing.destroy()
    })
  })
  // One more than we keep: Node drops what is above without asking which one should go.
  server.maxConnections = bounds.connectionsMax + 1
  // One more than we take: Node drops what is above without a word, we want to see and refuse it.
  server.maxHeadersCount = bounds.headersMax + 1
  // Answers may stream for as long as they like; silence on them is the door's business.
  server.timeout = 0
  server.on('clientError', refuse.malformed)
  server.on('connect', (_, socket) => refuse.connect(socket))
  const connections = trackConnections(server, { limits: bounds, clock })
  await listen(server, { port, host })
  // Accepting may fail later, for want of file descriptors; unheard, that would end the process.
  server.on('error', (err) => log.error({ err }, 'the server could not accept a connection'))
  const address = addressOf(server)
  let closed: Promise<void> | undefined
  return {
    url: urlOf(address),
    port: address.port,
    leave: () => announceClose(server),
    connections: () => connections.all.size,
    close: ({ withinMs }) =>
      (closed ??= drainServer({ server, sockets: connections.all, clock, log }, withinMs).finally(
        connections.stop,
      )),
  }
}

type Fetch<E extends Env> = Pick<Hono<E>, 'fetch'>
type Ends = Parameters<Parameters<typeof getRequestListener>[0]>[1]

// Hono copies the answer to HEAD, and a copy loses the mark of one that was sent past it already.
function ask<E extends Env>(app: Fetch<E>, request: Request, env: Ends) {
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
    // How often the two timeouts above are looked at.
    connectionsCheckingInterval: Math.min(5_000, limits.headersWithinMs),
    maxHeaderSize: limits.headerBytesMax,
    // judgeHead refuses what has none, in our envelope.
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
