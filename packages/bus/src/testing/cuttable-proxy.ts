import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface CuttableProxy {
  url: string
  /** Breaks every connection and rejects new ones. */
  cut(): void
  restore(): void
  /** Resolves when a connection was rejected since the last `cut`. */
  refused(): Promise<void>
  /** Resolves when a connection was established since the last `restore`. */
  connected(): Promise<void>
  close(): Promise<void>
}

/** A TCP proxy in front of a server; a test can cut and restore it without affecting the server. */
export async function cuttableProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port, protocol } = new URL(target)
  const sockets = new Set<Socket>()
  let open = true
  let refused = Promise.withResolvers<void>()
  let connected = Promise.withResolvers<void>()

  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    track(client)
    if (!open) {
      client.destroy()
      return refused.resolve()
    }
    const upstream = track(connect({ host: hostname, port: Number(port) }))
    upstream.once('connect', () => connected.resolve())
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    // A server that listens on a port has an AddressInfo.
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      open = false
      refused = Promise.withResolvers<void>()
      breakAll()
    },
    restore: () => {
      open = true
      connected = Promise.withResolvers<void>()
    },
    refused: () => refused.promise,
    connected: () => connected.promise,
    close: async () => {
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
