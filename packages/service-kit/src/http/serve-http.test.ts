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

import { logAccess, nameRequest, outgoingOf } from './middleware.ts'
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
  app.use(nameRequest(() => 'req_1'))
  app.use(logAccess({ log, clock: systemClock }))
  routes(app)
  const newRequestId = () => 'req_refused'
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log, limits, newRequestId })
  running.push(server)
  return { log, server, url: server.url }
}

/** Sends bytes as they are and reads until the server closes the connection. */
function speak(server: HttpServer, bytes: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
  return { socket, answer: text(socket) }
}

test('the url says the port that was taken, and answers carry the request id', async () => {
  const { url } = await setUp((app) => app.get('/', (c) => c.text('hello')))
  const answer = await fetch(url)
  expect(await answer.text()).toBe('hello')
  expect(answer.headers.get('x-request-id')).toBe('req_1')
})

test('a body written past web streams carries the request id and is logged when it ends', async () => {
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

test('HEAD on a body written past web streams is answered once, and is no fault', async () => {
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

test('what is not HTTP, or has too many or too large headers, is refused with a request id', async () => {
  const { server } = await setUp(() => undefined, { headersMax: 5, headerBytesMax: 1024 })
  const many = Array.from({ length: 8 }, (_, index) => `x-${index}: 1\r\n`).join('')
  const refused = {
    400: 'NOT HTTP AT ALL\r\n\r\n',
    431: `GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'x'.repeat(4_000)}\r\n\r\n`,
  }
  for (const [status, bytes] of Object.entries(refused)) {
    const answer = await speak(server, bytes).answer
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('x-request-id: req_refused')
    expect(answer).toContain('"error":')
  }
  const answer = await speak(server, `GET / HTTP/1.1\r\nhost: a\r\n${many}\r\n`).answer
  expect(answer).toMatch(/^HTTP\/1.1 431 /)
})

test('a host header that is no host is refused with a request id', async () => {
  const { server } = await setUp((app) => app.get('/', (c) => c.text('hello')))
  const bytes = 'GET / HTTP/1.1\r\nhost: a/b@c\r\nconnection: close\r\n\r\n'
  const answer = await speak(server, bytes).answer
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('x-request-id: req_refused')
})

test('a caller who does not finish the headers in time is turned away', async () => {
  const { server } = await setUp(() => undefined, { headersWithinMs: 50 })
  const answer = await speak(server, 'GET / HTTP/1.1\r\nhost:').answer
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
})

test('a closing server lets a running request finish and takes no new connection', async () => {
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

test('a connection that never spoke does not hold up a closing server', async () => {
  const { server } = await setUp(() => undefined)
  const { socket, answer } = speak(server, '')
  await new Promise((resolve) => socket.once('ready', resolve))
  // A round trip on another connection: the server has accepted the quiet one before it.
  await fetch(server.url)
  await server.close({ withinMs: 60_000 })
  expect(await answer).toBe('')
})

test('what has not finished when the drain time is over is cut', async () => {
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

test('a port that is taken is said at once', async () => {
  const { server } = await setUp(() => undefined)
  const log = recordedLog()
  const again = serveHttp({ app: new Hono(), port: server.port, host: '127.0.0.1', log })
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('a throw of something that is no Error is answered and logged', async () => {
  const { log, url } = await setUp((app) =>
    app.get('/', () => {
      // oxlint-disable-next-line no-throw-literal -- exactly what a careless library does
      throw 'text'
    }),
  )
  const answer = await fetch(url)
  expect(answer.status).toBe(500)
  expect(answer.headers.get('x-request-id')).toBe('req_1')
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
})

/** Connects and stays silent, until the server closes the connection. */
async function silent(server: HttpServer, count: number, localAddress = '127.0.0.1') {
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

test('silent connections take places from each other, and shut nobody out', async () => {
  const { server } = await setUp((app) => app.get('/', (c) => c.text('hello')), {
    connectionsMax: 20,
    connectionsPerAddressMax: 18,
  })
  const [kept] = await silent(server, 1, '127.0.0.3')
  const flood = await silent(server, 100)
  for (let n = 0; n < 5; n += 1) {
    expect(await speak(server, HELLO).answer).toContain('hello')
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    socket.write(HELLO)
    expect(await text(socket)).toContain('hello')
  }
  await vi.waitFor(() => expect(flood.filter(({ closed }) => !closed).length).toBeLessThan(19))
  kept?.write(HELLO)
  expect(await text(whole(kept))).toContain('hello')
})

test('running requests are not cut for who comes', async () => {
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
  const slow = Array.from({ length: 3 }, () => speak(server, HELLO.replace('/', '/slow')).answer)
  await vi.waitFor(() => expect(server.connections()).toBe(3))
  expect(await speak(server, HELLO).answer.catch(() => '')).toBe('')
  const other = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
  other.write(HELLO)
  expect(await text(other)).toContain('hello')
  gate.resolve()
  for (const answer of await Promise.all(slow)) expect(answer).toContain('slow')
})

test('a connection that never sends a byte is closed', async () => {
  const { server } = await setUp(() => undefined, { firstByteWithinMs: 1 })
  const [socket] = await silent(server, 1)
  await once(whole(socket), 'close')
  expect(server.connections()).toBe(0)
})

test('who was refused with 408 and neither reads nor closes is gone soon after', async () => {
  const { server } = await setUp(() => undefined, { headersWithinMs: 50 })
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\n')
  await vi.waitFor(() => expect(server.connections()).toBe(1))
  await vi.waitFor(() => expect(server.connections()).toBe(0), { timeout: 10_000 })
  socket.destroy()
})

test('requests that are sent ahead without end are cut, some are answered', async () => {
  let asked = 0
  const gate = Promise.withResolvers<void>()
  const { server } = await setUp((app) =>
    app.get('/', async (c) => {
      asked += 1
      await gate.promise
      return c.text('hello')
    }),
  )
  const ahead = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
  const few = speak(server, ahead.repeat(8) + HELLO)
  await vi.waitFor(() => expect(asked).toBe(9))
  const many = speak(server, ahead.repeat(1_000))
  await many.answer.catch(() => '')
  expect(asked).toBeLessThan(40)
  gate.resolve()
  expect((await few.answer).match(/hello/g)).toHaveLength(9)
})

function whole<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('there is none')
  return value
}
