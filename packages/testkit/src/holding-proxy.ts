import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * A way to a PostgreSQL server that keeps one message back, as a network or a paused process may. The server is
 * also told to wait for ever for the next statement of a transaction, so that nothing but what the message says
 * ends it.
 */
export interface HoldingProxy {
  url: string
  /** Keeps back the next message with these words, and all that follows on its connection. */
  hold(words: string): void
  /** Sends what was kept back, although its sender may have left; resolves when the server has answered or left. */
  release(): Promise<void>
  close(): Promise<void>
}

export async function holdingProxy(target: string): Promise<HoldingProxy> {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let words: string | undefined
  let held: { far: Socket; chunks: Buffer[] } | undefined
  /** Connections that outlive their sender: what was kept back is still to be sent, and answered. */
  const outliving = new Set<Socket>()

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((near) => {
    keep(near)
    const far = keep(connect({ host: to.hostname, port: Number(to.port) }))
    far.on('data', (chunk) => near.writable && near.write(chunk))
    far.on('close', () => near.destroy())
    near.on('data', (chunk) => {
      if (words !== undefined && chunk.includes(words)) {
        held = { far, chunks: [] }
        outliving.add(far)
        words = undefined
      }
      if (held?.far === far) held.chunks.push(chunk)
      else far.write(withoutIdleTimeout(chunk))
    })
    near.on('close', () => outliving.has(far) || far.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    hold: (text) => void (words = text),
    release: async () => {
      if (!held) throw new Error('nothing was kept back')
      const { far, chunks } = held
      const done = answered(far)
      far.write(Buffer.concat(chunks))
      held = undefined
      await done
      far.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5])

/** Resolves when the server has said that it is ready for the next query, or has left. */
function answered(far: Socket): Promise<void> {
  let answer = Buffer.alloc(0)
  return new Promise((resolve) => {
    far.once('close', () => resolve())
    far.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.includes(READY_FOR_QUERY)) resolve()
    })
  })
}

// Of the same length, since the message says how long it is.
const withoutIdleTimeout = (chunk: Buffer) =>
  Buffer.from(
    chunk
      .toString('latin1')
      .replace(
        /(idle_in_transaction_session_timeout = )(\d+)/,
        (_, name: string, ms: string) => name + '0'.repeat(ms.length),
      ),
    'latin1',
  )
