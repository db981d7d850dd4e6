import { createServer as createTlsServer } from 'node:https'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { selfSigned } from '@sluice/simulators/self-signed'

import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Egress } from './create-egress.ts'
import { createEgress } from './create-egress.ts'

// Generous, because other tests may be using the CPU; a poll ends as soon as its condition holds.
const pollLimits = { timeout: 4_000 }

const servers: Server[] = []
let egress: Egress

afterEach(async () => {
  vi.unstubAllEnvs()
  await egress.dispatcher.destroy()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://127.0.0.1:${portOf(server)}`
}

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

describe('the dispatcher for configured upstreams', () => {
  it('connects to a private upstream, and reuses the socket for later requests', async () => {
    let sockets = 0
    const server = createServer((_request, response) => response.end('ok'))
    server.on('connection', () => (sockets += 1))
    const origin = await listen(server)
    egress = createEgress()
    for (let turn = 0; turn < 20; turn += 1) {
      const { body } = await egress.dispatcher.request({ origin, path: '/', method: 'GET' })
      expect(await body.text()).toBe('ok')
    }
    expect(sockets).toBeLessThan(5)
  })

  it('sends no second request on a socket that waits for a response', async () => {
    let atOnce = 0
    const release: (() => void)[] = []
    const origin = await listen(
      createServer((_request, response) => {
        atOnce += 1
        release.push(() => response.end())
      }),
    )
    egress = createEgress()
    const { dispatcher } = egress
    const calls = Array.from({ length: 5 }, () =>
      dispatcher.request({ origin, path: '/', method: 'GET' }),
    )
    await expect.poll(() => atOnce, pollLimits).toBe(5)
    for (const end of release) end()
    await Promise.all(calls)
  })

  it('closes the socket of an aborted call', async () => {
    const server = createServer(() => {})
    const origin = await listen(server)
    egress = createEgress()
    const controller = new AbortController()
    const { signal } = controller
    const call = egress.dispatcher.request({ origin, path: '/', method: 'GET', signal })
    const open = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
    await expect.poll(open, pollLimits).toBe(1)
    controller.abort(new Error('caller disconnected'))
    await expect(call).rejects.toThrow('caller disconnected')
    await expect.poll(open, pollLimits).toBe(0)
  })

  it('follows no redirect, so that a key is never sent to another host', async () => {
    const origin = await listen(
      createServer((_request, response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
      }),
    )
    egress = createEgress()
    const { statusCode, body } = await egress.dispatcher.request({
      origin,
      path: '/',
      method: 'GET',
    })
    await body.dump()
    expect(statusCode).toBe(302)
  })

  it('rejects a self-signed certificate, also with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const server = createTlsServer(selfSigned({ host: 'localhost' }), (_request, response) =>
      response.end(),
    )
    const origin = await listen(server, 'https')
    egress = createEgress()
    const call = egress.dispatcher.request({ origin, path: '/', method: 'GET' })
    await expect(call).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('completes running calls before it closes', async () => {
    let respond = () => {}
    const arrived = Promise.withResolvers<void>()
    const origin = await listen(
      createServer((_request, response) => {
        respond = () => response.end('late')
        arrived.resolve()
      }),
    )
    egress = createEgress()
    const call = egress.dispatcher.request({ origin, path: '/', method: 'GET' })
    await arrived.promise
    const closed = egress.close()
    respond()
    expect(await (await call).body.text()).toBe('late')
    await closed
  })
})
