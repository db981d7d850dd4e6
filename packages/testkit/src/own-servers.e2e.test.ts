import { connect } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { OwnServers } from './own-servers.ts'
import { startOwnServers } from './own-servers.ts'

const SILENT_MS = 300
let servers: OwnServers
beforeAll(async () => void (servers = await startOwnServers()))
afterAll(() => servers.stop())

/** Sends bytes to the server; resolves to whether it answers before the timeout. */
function answers(url: string, bytes: string | Buffer): Promise<boolean> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), timeout: SILENT_MS })
  return new Promise((resolve, reject) => {
    const end = (hasAnswered: boolean) => {
      socket.destroy()
      resolve(hasAnswered)
    }
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', () => end(true))
    socket.on('timeout', () => end(false))
    socket.on('error', reject)
  })
}

// PostgreSQL's SSLRequest, which is answered with one letter.
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

test.each([
  ['postgres', sslRequest],
  ['redis', 'PING\r\n'],
  ['nats', 'PING\r\n'],
] as const)('%s accepts connections but does not answer while frozen', async (kind, bytes) => {
  const server = servers[kind]
  await server.freeze()
  expect(await answers(server.url, bytes)).toBe(false)
  await server.resume()
  expect(await answers(server.url, bytes)).toBe(true)
})
