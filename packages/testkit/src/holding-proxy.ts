import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * A proxy of a PostgreSQL server that delays one message, as a network or a paused process may. It also
 * disables the idle timeout of transactions, so that nothing but the delayed message ends the transaction.
 */
export interface HoldingProxy {
  url: string
  /** Delays the next message that contains this text, and everything after it on the same connection. */
  hold(text: string): void
  /** Sends the delayed messages, even if the client has disconnected; resolves on the answer or a close. */
  release(): Promise<void>
  close(): Promise<void>
}

export async function holdingProxy(target: string): Promise<HoldingProxy> {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let heldText: string | undefined
  let held: { upstream: Socket; chunks: Buffer[] } | undefined
  /** Server connections that stay open after the client disconnects, for the delayed messages. */
  const retained = new Set<Socket>()

  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    track(client)
    const upstream = track(connect({ host: to.hostname, port: Number(to.port) }))
    upstream.on('data', (chunk) => client.writable && client.write(chunk))
    upstream.on('close', () => client.destroy())
    client.on('data', (chunk) => {
      if (heldText !== undefined && chunk.includes(heldText)) {
        held = { upstream, chunks: [] }
        retained.add(upstream)
        heldText = undefined
      }
      if (held?.upstream === upstream) held.chunks.push(chunk)
      else upstream.write(withoutIdleTimeout(chunk))
    })
    client.on('close', () => retained.has(upstream) || upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    hold: (text) => void (heldText = text),
    release: async () => {
      if (!held) throw new Error('no message is held')
      const { upstream, chunks } = held
      const done = answered(upstream)
      upstream.write(Buffer.concat(chunks))
      held = undefined
      await done
      upstream.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5])

/** Resolves when the server is ready for the next query, or has disconnected. */
function answered(upstream: Socket): Promise<void> {
  let answer = Buffer.alloc(0)
  return new Promise((resolve) => {
    upstream.once('close', () => resolve())
    upstream.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.includes(READY_FOR_QUERY)) resolve()
    })
  })
}

// Of the same length, since the message has a length prefix.
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
