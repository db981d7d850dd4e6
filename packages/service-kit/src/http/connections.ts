import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock } from '@sluice/kernel/clock'

const SWEEP_MS = 1_000
/** Pipelined requests allowed per connection; common HTTP/1.1 clients do not pipeline. */
const PIPELINED_MAX = 16

export interface ConnectionLimits {
  connectionsMax: number
  /** Per client address (IPv6: per /64). Behind a proxy all connections have the proxy's address. */
  connectionsPerAddressMax: number
  /** Time limit for the first byte of a connection. */
  firstByteWithinMs: number
}

/**
 * The limits of a public listener. By default one address may hold 90 % of the connections; behind trusted
 * proxies all of them, since every connection then has the address of a proxy.
 */
export function connectionLimits({
  connectionsMax,
  perAddressMax,
  trustedProxyHops,
}: {
  connectionsMax: number
  perAddressMax: number | undefined
  trustedProxyHops: number
}): Pick<ConnectionLimits, 'connectionsMax' | 'connectionsPerAddressMax'> {
  const share = trustedProxyHops > 0 ? connectionsMax : Math.ceil(connectionsMax * 0.9)
  return { connectionsMax, connectionsPerAddressMax: perAddressMax ?? share }
}

export interface Connections {
  all: ReadonlySet<Socket>
  /** Registers the response of a request. False: too many pipelined requests; the connection was closed. */
  begin(socket: Socket, outgoing: ServerResponse): boolean
  stop(): void
}

interface Connection {
  socket: Socket
  address: string
  openedMs: number
  /** The latest response; the connection is idle when that is finished. */
  latest: ServerResponse | undefined
  pipelined: number
}

/**
 * When the connection limit is reached, the address with the most connections loses an idle one to the new
 * connection (first one that never sent a byte, then the oldest). A client that opens many silent
 * connections therefore displaces only its own, and a proxy, whose callers share one address, is limited only
 * by the total. Connections with running requests are never closed.
 */
export function trackConnections(
  server: Server,
  { limits, clock }: { limits: ConnectionLimits; clock: Clock },
): Connections {
  const all = new Set<Socket>()
  const sockets = new Map<Socket, Connection>()
  const addresses = new Map<string, Set<Connection>>()

  const remove = (one: Connection) => {
    all.delete(one.socket)
    sockets.delete(one.socket)
    const group = addresses.get(one.address)
    group?.delete(one)
    if (group?.size === 0) addresses.delete(one.address)
  }
  const drop = (one: Connection) => {
    remove(one)
    one.socket.destroy()
  }
  const largest = () => {
    let found: Set<Connection> = new Set()
    for (const group of addresses.values()) if (group.size > found.size) found = group
    return found
  }
  server.on('connection', (socket: Socket) => {
    const address = groupOf(socket.remoteAddress)
    const openedMs = clock.monotonicMs()
    const one: Connection = { socket, address, openedMs, latest: undefined, pipelined: 0 }
    const own = addresses.get(address) ?? new Set()
    if (own.size >= limits.connectionsPerAddressMax) {
      const idle = oldestIdle(own)
      if (!idle) return void socket.destroy()
      drop(idle)
    }
    if (sockets.size >= limits.connectionsMax) {
      const idle = oldestIdle(largest()) ?? oldestIdle(sockets.values())
      if (!idle) return void socket.destroy()
      drop(idle)
    }
    all.add(socket)
    sockets.set(socket, one)
    addresses.set(address, own.add(one))
    socket.once('close', () => remove(one))
  })
  const stop = clock.every(SWEEP_MS, () => {
    const silentSinceMs = clock.monotonicMs() - limits.firstByteWithinMs
    for (const one of sockets.values()) {
      if (one.openedMs <= silentSinceMs && one.socket.bytesRead === 0) drop(one)
      // Releases the finished response for garbage collection.
      else if (isIdle(one)) one.latest = undefined
    }
  })
  return {
    all,
    begin(socket, outgoing) {
      const one = sockets.get(socket)
      // Node still emits requests that it parsed before the connection was closed.
      if (!one) return !socket.destroyed
      if (!isIdle(one)) {
        if (one.pipelined >= PIPELINED_MAX) {
          drop(one)
          return false
        }
        one.pipelined += 1
        outgoing.once('close', () => (one.pipelined -= 1))
      }
      one.latest = outgoing
      return true
    },
    stop,
  }
}

const isIdle = ({ latest }: Connection) =>
  latest === undefined || latest.writableFinished || latest.destroyed

function oldestIdle(group: Iterable<Connection>): Connection | undefined {
  let oldest: Connection | undefined
  for (const one of group) {
    if (!isIdle(one)) continue
    if (one.socket.bytesRead === 0) return one
    oldest ??= one
  }
  return oldest
}

/** The /64 prefix of an IPv6 address, the usual size of one customer's network; IPv4 addresses unchanged. */
function groupOf(address: string | undefined): string {
  if (address === undefined || !address.includes(':') || address.startsWith('::'))
    return address ?? ''
  const [head = ''] = address.split('::')
  return head.split(':').slice(0, 4).join(':')
}
