import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface CuttableProxy {
  url: string
  /** Breaks every connection and takes no new one. */
  cut(): void
  mend(): void
  /** Resolves when a connection has been turned away since the last cut. */
  refused(): Promise<void>
  /** Resolves when a connection has been carried since the last mend. */
  carried(): Promise<void>
  close(): Promise<void>
}

/** A way to a server that a test can break and mend, so that the server itself serves others on. */
export async function cuttableProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port, protocol } = new URL(target)
  const sockets = new Set<Socket>()
  let whole = true
  let refused = Promise.withResolvers<void>()
  let carried = Promise.withResolvers<void>()

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((near) => {
    keep(near)
    if (!whole) {
      near.destroy()
      return refused.resolve()
    }
    const far = keep(connect({ host: hostname, port: Number(port) }))
    far.once('connect', () => carried.resolve())
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    // A server that listens on a port has an AddressInfo.
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      whole = false
      refused = Promise.withResolvers<void>()
      breakAll()
    },
    mend: () => {
      whole = true
      carried = Promise.withResolvers<void>()
    },
    refused: () => refused.promise,
    carried: () => carried.promise,
    close: async () => {
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
