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

const announced = new WeakSet<Server>()

/** Answers of this server say `Connection: close` from now on, so that callers make a new connection elsewhere. */
export function announceClose(server: Server): void {
  if (announced.has(server)) return
  announced.add(server)
  server.prependListener('request', (_, outgoing) => outgoing.setHeader('connection', 'close'))
}

/** Stops accepting, lets running requests finish, and cuts what is left after `withinMs`. */
export async function drainServer(
  { server, sockets, clock, log }: DrainDeps,
  withinMs: number,
): Promise<void> {
  announceClose(server)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Node counts a connection that never spoke as busy.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  const stopSweeping = clock.every(SWEEP_MS, () => server.closeIdleConnections())
  const cancelCut = clock.after(withinMs, () => {
    log.warn({ withinMs, connections: sockets.size }, 'connections are cut: drain time is over')
    server.closeAllConnections()
  })
  await closed
  stopSweeping()
  cancelCut()
}
