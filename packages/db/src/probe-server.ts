import { once } from 'node:events'
import { connect } from 'node:net'

const PROBE_MS = 1_000

// SSLRequest of the wire protocol (PostgreSQL manual, 54.7): a new server process answers it with one byte
// before authentication.
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/**
 * Whether a PostgreSQL server responds. A refused or reset connection counts as a response; false only when
 * nothing arrives within a second.
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

// As pg parses it: the `host` query parameter may be a socket folder.
function addressOf(text: string): { host: string; port: number } {
  const url = new URL(text)
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  return { host: host || 'localhost', port: Number(url.port || 5432) }
}
