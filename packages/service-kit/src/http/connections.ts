import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock } from '@sluice/kernel/clock'

const SWEEP_MS = 1_000
/** Requests that one connection may have sent before their answers; clients of HTTP/1.1 send one. */
const PIPELINED_MAX = 16

export interface ConnectionLimits {
  connectionsMax: number
  /** Of one address (IPv6: a /64). Behind a proxy all connections have the proxy's. */
  connectionsPerAddressMax: number
  /** A connection must have sent its first byte by then. */
  firstByteWithinMs: number
}

/**
 * The limits of a public listener. Without a number for one address, an address may hold nine tenths of all; where
 * proxies of ours stand in front, all of them, since every connection has a proxy's address then.
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
  /** Notes the answer that a request waits for. False: it is one too many on its connection, which was closed. */
  begin(socket: Socket, outgoing: ServerResponse): boolean
  stop(): void
}

interface Connection {
  socket: Socket
  address: string
  openedMs: number
  /** The answer that was begun last; a connection without an unfinished one is idle. */
  latest: ServerResponse | undefined
  pipelined: number
}

/**
 * Keeps a place for everybody: when all places are taken, the address that holds most of them loses an idle
 * connection to who comes (one that never sent anything first, then the oldest). So one sender who opens
 * connections and is silent takes places from itself only, and a proxy, behind which all share one address, is
 * limited by nothing but the whole. Running requests are never cut.
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
      // A finished answer is not kept alive by its connection.
      else if (isIdle(one)) one.latest = undefined
    }
  })
  return {
    all,
    begin(socket, outgoing) {
      const one = sockets.get(socket)
      // What was parsed before its connection was closed is still announced.
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

/** The /64 of an IPv6 address, which is what one household gets; others as they are. */
function groupOf(address: string | undefined): string {
  if (address === undefined || !address.includes(':') || address.startsWith('::'))
    return address ?? ''
  const [head = ''] = address.split('::')
  return head.split(':').slice(0, 4).join(':')
}
