import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { systemClock } from '@sluice/kernel/clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'

import { logAccess, assignRequestId, outgoingOf } from './middleware.ts'
import type { RequestEnv } from './middleware.ts'
import { serveHttp } from './serve-http.ts'
import type { HttpLimits, HttpServer } from './serve-http.ts'

const running: HttpServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close({ withinMs: 0 })
})

async function setUp(routes: (app: Hono<RequestEnv>) => void, limits: Partial<HttpLimits> = {}) {
  const log = recordedLog()
  const app = new Hono<RequestEnv>()
  app.use(assignRequestId(() => 'req_1'))
  app.use(logAccess({ log, clock: systemClock }))
  routes(app)
  const newRequestId = () => 'req_refused'
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log, limits, newRequestId })
  running.push(server)
  return { log, server, url: server.url }
}

/** Sends raw bytes and reads until the server closes the connection. */
function sendRaw(server: HttpServer, bytes: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
  return { socket, answer: text(socket) }
}

test('the url has the chosen port, and responses have the request id', async () => {
  const { url } = await setUp((app) => app.get('/', (c) => c.text('hello')))
  const answer = await fetch(url)
  expect(await answer.text()).toBe('hello')
  expect(answer.headers.get('x-request-id')).toBe('req_1')
})

test('a body that bypasses web streams has the request id and is logged at its end', async () => {
  const { log, url } = await setUp((app) =>
    app.get('/raw', (c: Context) => {
      const outgoing = outgoingOf(c)
      outgoing?.writeHead(207, { 'content-type': 'text/plain' })
      outgoing?.end('raw')
      return RESPONSE_ALREADY_SENT
    }),
  )
  const answer = await fetch(`${url}/raw?sig=abc`)
  expect(await answer.text()).toBe('raw')
  expect(answer.headers.get('x-request-id')).toBe('req_1')
  expect(log.lines).toContainEqual({
    level: 'info',
    message: 'request',
    facts: expect.objectContaining({ requestId: 'req_1', path: '/raw', status: 207 }),
  })
})

test('HEAD on a body that bypasses web streams is answered once, without an error', async () => {
  const { url } = await setUp((app) =>
    app.get('/raw', async (c: Context) => {
      const outgoing = outgoingOf(c)
      outgoing?.writeHead(207, { 'content-type': 'text/plain' })
      outgoing?.end('raw')
      return RESPONSE_ALREADY_SENT
    }),
  )
  const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => printed.mockRestore())
  for (let n = 0; n < 2; n += 1) {
    const answer = await fetch(`${url}/raw`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([207, ''])
  }
  expect(printed).not.toHaveBeenCalled()
})

test('invalid HTTP, and too many or too large headers, are refused with a request id', async () => {
  const { server } = await setUp(() => undefined, { headersMax: 5, headerBytesMax: 1024 })
  const many = Array.from({ length: 8 }, (_, index) => `x-${index}: 1\r\n`).join('')
  const refused = {
    400: 'NOT HTTP AT ALL\r\n\r\n',
    431: `GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'x'.repeat(4_000)}\r\n\r\n`,
  }
  for (const [status, bytes] of Object.entries(refused)) {
    const answer = await sendRaw(server, bytes).answer
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('x-request-id: req_refused')
    expect(answer).toContain('"error":')
  }
  const answer = await sendRaw(server, `GET / HTTP/1.1\r\nhost: a\r\n${many}\r\n`).answer
  expect(answer).toMatch(/^HTTP\/1.1 431 /)
})

test('an invalid Host header is refused with a request id', async () => {
  const { server } = await setUp((app) => app.get('/', (c) => c.text('hello')))
  const bytes = 'GET / HTTP/1.1\r\nhost: a/b@c\r\nconnection: close\r\n\r\n'
  const answer = await sendRaw(server, bytes).answer
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('x-request-id: req_refused')
})

test('headers that are not complete in time are answered with 408', async () => {
  const { server } = await setUp(() => undefined, { headersWithinMs: 50 })
  const answer = await sendRaw(server, 'GET / HTTP/1.1\r\nhost:').answer
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
})

test('a closing server lets a running request finish and accepts no new connection', async () => {
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { server, url } = await setUp((app) =>
    app.get('/slow', async (c) => {
      arrived.resolve()
      await release.promise
      return c.text('finished')
    }),
  )
  const answer = fetch(`${url}/slow`)
  await arrived.promise
  const closed = server.close({ withinMs: 10_000 })
  await expect(fetch(url)).rejects.toThrow('fetch failed')
  release.resolve()
  expect(await (await answer).text()).toBe('finished')
  await closed
})

test('a connection that never sent a byte does not delay closing', async () => {
  const { server } = await setUp(() => undefined)
  const { socket, answer } = sendRaw(server, '')
  await new Promise((resolve) => socket.once('ready', resolve))
  // After a round trip on another connection the server has accepted the silent one.
  await fetch(server.url)
  await server.close({ withinMs: 60_000 })
  expect(await answer).toBe('')
})

test('a request that exceeds the drain time is cut off', async () => {
  const arrived = Promise.withResolvers<void>()
  const { log, server, url } = await setUp((app) =>
    app.get('/stuck', () => {
      arrived.resolve()
      return new Promise<Response>(() => undefined)
    }),
  )
  const answer = fetch(`${url}/stuck`).catch(() => 'cut')
  await arrived.promise
  await server.close({ withinMs: 20 })
  expect(await answer).toBe('cut')
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
})

test('a port in use rejects at once', async () => {
  const { server } = await setUp(() => undefined)
  const log = recordedLog()
  const again = serveHttp({ app: new Hono(), port: server.port, host: '127.0.0.1', log })
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('a thrown non-Error is answered with 500 and logged', async () => {
  const { log, url } = await setUp((app) =>
    app.get('/', () => {
      // oxlint-disable-next-line no-throw-literal -- libraries may throw values other than errors
      throw 'text'
    }),
  )
  const answer = await fetch(url)
  expect(answer.status).toBe(500)
  expect(answer.headers.get('x-request-id')).toBe('req_1')
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
})

/** Opens connections that never send a byte. */
async function connectSilently(server: HttpServer, count: number, localAddress = '127.0.0.1') {
  const sockets: Socket[] = []
  for (let n = 0; n < count; n += 1) {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    sockets.push(socket)
  }
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  return sockets
}

const HELLO = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

test('silent connections displace only each other', async () => {
  const { server } = await setUp((app) => app.get('/', (c) => c.text('hello')), {
    connectionsMax: 20,
    connectionsPerAddressMax: 18,
  })
  const [retained] = await connectSilently(server, 1, '127.0.0.3')
  const flood = await connectSilently(server, 100)
  for (let n = 0; n < 5; n += 1) {
    expect(await sendRaw(server, HELLO).answer).toContain('hello')
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    socket.write(HELLO)
    expect(await text(socket)).toContain('hello')
  }
  await vi.waitFor(() => expect(flood.filter(({ closed }) => !closed).length).toBeLessThan(19))
  retained?.write(HELLO)
  expect(await text(defined(retained))).toContain('hello')
})

test('a new connection never displaces a running request', async () => {
  const gate = Promise.withResolvers<void>()
  const { server } = await setUp(
    (app) => {
      app.get('/', (c) => c.text('hello'))
      app.get('/slow', async (c) => {
        await gate.promise
        return c.text('slow')
      })
    },
    { connectionsMax: 4, connectionsPerAddressMax: 3 },
  )
  const slow = Array.from({ length: 3 }, () => sendRaw(server, HELLO.replace('/', '/slow')).answer)
  await vi.waitFor(() => expect(server.connections()).toBe(3))
  expect(await sendRaw(server, HELLO).answer.catch(() => '')).toBe('')
  const other = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
  other.write(HELLO)
  expect(await text(other)).toContain('hello')
  gate.resolve()
  for (const answer of await Promise.all(slow)) expect(answer).toContain('slow')
})

test('a connection that never sends a byte is closed', async () => {
  const { server } = await setUp(() => undefined, { firstByteWithinMs: 1 })
  const [socket] = await connectSilently(server, 1)
  await once(defined(socket), 'close')
  expect(server.connections()).toBe(0)
})

test('a client that neither reads its 408 nor closes is disconnected', async () => {
  const { server } = await setUp(() => undefined, { headersWithinMs: 50 })
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\n')
  await vi.waitFor(() => expect(server.connections()).toBe(1))
  await vi.waitFor(() => expect(server.connections()).toBe(0), { timeout: 10_000 })
  socket.destroy()
})

test('a few pipelined requests are answered, and unlimited ones are cut off', async () => {
  let handled = 0
  const gate = Promise.withResolvers<void>()
  const { server } = await setUp((app) =>
    app.get('/', async (c) => {
      handled += 1
      await gate.promise
      return c.text('hello')
    }),
  )
  const pipelined = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
  const few = sendRaw(server, pipelined.repeat(8) + HELLO)
  await vi.waitFor(() => expect(handled).toBe(9))
  const many = sendRaw(server, pipelined.repeat(1_000))
  await many.answer.catch(() => '')
  expect(handled).toBeLessThan(40)
  gate.resolve()
  expect((await few.answer).match(/hello/g)).toHaveLength(9)
})

function defined<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the value is undefined')
  return value
}
