import { Agent, get } from 'node:http'

import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { Hono } from 'hono'
import { expect, onTestFinished, test, vi } from 'vitest'

import type { HttpServer } from './serve-http.ts'
import { serveHttp } from './serve-http.ts'

test('after announceClose each connection is closed with its next response', async () => {
  const gate = Promise.withResolvers<void>()
  const app = new Hono()
  app.get('/', (c) => c.text('hello'))
  app.get('/slow', async (c) => {
    await gate.promise
    return c.text('slow')
  })
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log: recordedLog() })
  onTestFinished(() => server.close({ withinMs: 0 }))
  const keptAlive = new Agent({ keepAlive: true, maxSockets: 1 })
  const busy = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => [keptAlive, busy].forEach((agent) => agent.destroy()))
  const first = await call({ server, agent: keptAlive, path: '/' })
  expect([first.status, first.connection]).toEqual([200, 'keep-alive'])
  const slow = call({ server, agent: busy, path: '/slow' })
  await vi.waitFor(() => expect(server.connections()).toBe(2))
  server.announceClose()
  const second = await call({ server, agent: keptAlive, path: '/' })
  expect([second.status, second.connection]).toEqual([200, 'close'])
  expect(second.localPort).toBe(first.localPort)
  // A new connection is still accepted, for one response.
  const third = await call({ server, agent: keptAlive, path: '/' })
  expect([third.status, third.connection]).toEqual([200, 'close'])
  expect(third.localPort).not.toBe(first.localPort)
  gate.resolve()
  expect((await slow).status).toBe(200)
})

interface Call {
  server: HttpServer
  agent: Agent
  path: string
}

function call({ server, agent, path }: Call) {
  return new Promise<{ status: number; connection: string; localPort: number }>(
    (resolve, reject) => {
      get({ port: server.port, host: '127.0.0.1', path, agent }, (answer) => {
        const { statusCode: status = 0, headers, socket } = answer
        const { localPort = 0 } = socket
        answer.resume()
        answer.on('end', () => resolve({ status, connection: headers.connection ?? '', localPort }))
      }).on('error', reject)
    },
  )
}
