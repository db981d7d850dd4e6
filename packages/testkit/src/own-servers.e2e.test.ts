import { connect } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { OwnServers } from './own-servers.ts'
import { startOwnServers } from './own-servers.ts'

const SILENT_MS = 300
let servers: OwnServers
beforeAll(async () => void (servers = await startOwnServers()))
afterAll(() => servers.stop())

/** Says something to the server; whether anything comes back while the socket is not silent. */
function answers(url: string, say: string | Buffer): Promise<boolean> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), timeout: SILENT_MS })
  return new Promise((resolve, reject) => {
    const end = (heard: boolean) => {
      socket.destroy()
      resolve(heard)
    }
    socket.on('connect', () => socket.write(say))
    socket.on('data', () => end(true))
    socket.on('timeout', () => end(false))
    socket.on('error', reject)
  })
}

// PostgreSQL's SSLRequest, to which it answers one letter.
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

test.each([
  ['postgres', sslRequest],
  ['redis', 'PING\r\n'],
  ['nats', 'PING\r\n'],
] as const)('%s takes connections and answers nothing while it is frozen', async (kind, say) => {
  const server = servers[kind]
  await server.freeze()
  expect(await answers(server.url, say)).toBe(false)
  await server.resume()
  expect(await answers(server.url, say)).toBe(true)
})
