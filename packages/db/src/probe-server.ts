import { once } from 'node:events'
import { connect } from 'node:net'

const PROBE_MS = 1_000

// SSLRequest of the protocol (PostgreSQL's manual, 54.7): answered with one letter before anybody signs
// in, by a process that the server starts for it.
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/**
 * Whether a PostgreSQL server answers. A refused or reset connection is an answer; false only when nothing
 * came within a second.
 */
export async function probeServer({ url }: { url: string }): Promise<boolean> {
  const { host, port } = addressOf(url)
  const socket = connect({
    ...(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }),
    timeout: PROBE_MS,
  })
  socket.once('connect', () => socket.write(SSL_REQUEST))
  const timedOut = once(socket, 'timeout').then(() => false)
  const answered = Promise.race([once(socket, 'data'), once(socket, 'close')]).then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([answered, timedOut.catch(() => true)])
  } finally {
    socket.destroy()
  }
}

// As pg reads it: a folder of sockets may stand in the query.
function addressOf(text: string): { host: string; port: number } {
  const url = new URL(text)
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  return { host: host || 'localhost', port: Number(url.port || 5432) }
}
