import type { Server } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const SWEEP_MS = 50

export interface DrainDeps {
  server: Server
  /** Every open connection of the server. */
  sockets: ReadonlySet<Socket>
  clock: Clock
  log: Log
}

const closing = new WeakSet<Server>()

/** Adds `Connection: close` to all further responses, so that clients reconnect to another replica. */
export function announceClose(server: Server): void {
  if (closing.has(server)) return
  closing.add(server)
  server.prependListener('request', (_, outgoing) => outgoing.setHeader('connection', 'close'))
}

/** Stops accepting connections, lets running requests finish, and closes the rest after `withinMs`. */
export async function drainServer(
  { server, sockets, clock, log }: DrainDeps,
  withinMs: number,
): Promise<void> {
  announceClose(server)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Node does not count a connection that never sent a byte as idle.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  const stopSweeping = clock.every(SWEEP_MS, () => server.closeIdleConnections())
  const cancelTimeout = clock.after(withinMs, () => {
    log.warn(
      { withinMs, connections: sockets.size },
      'drain time exceeded; closing the remaining connections',
    )
    server.closeAllConnections()
  })
  await closed
  stopSweeping()
  cancelTimeout()
}
