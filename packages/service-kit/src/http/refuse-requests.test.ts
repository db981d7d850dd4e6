import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import type { Env } from 'hono'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'

import type { HttpServer, ServeHttpOptions } from './serve-http.ts'
import { serveHttp } from './serve-http.ts'

const running: HttpServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close({ withinMs: 0 })
})

async function setUp(options: Pick<ServeHttpOptions<Env>, 'allowedOrigins' | 'limits'> = {}) {
  const log = recordedLog()
  const app = new Hono()
  app.all('*', (c) => c.text(`${c.req.method} ${c.req.path}`))
  const newRequestId = () => 'req_refused'
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log, newRequestId, ...options })
  running.push(server)
  const sendRaw = (bytes: string) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
    return text(socket)
  }
  return { log, sendRaw }
}

const ends = 'connection: close\r\n\r\n'

const leaks = /secret|node_modules|\bat .*:\d+:\d+/

test.each([
  ['TRACE', `TRACE / HTTP/1.1\r\nhost: a\r\nauthorization: secret\r\n${ends}`, 405],
  ['TRACE with a body', `TRACE /v1 HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n${ends}x`, 405],
  ['CONNECT', `CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n`, 405],
  ['an unknown method', `HEIST / HTTP/1.1\r\nhost: a\r\n${ends}`, 400],
  ['HTTP/0.9 without a version', 'GET /\r\n\r\n', 400],
  ['HTTP/0.9', `GET / HTTP/0.9\r\nhost: a\r\n${ends}`, 400],
  ['HTTP/2.0 as plain text', `GET / HTTP/2.0\r\nhost: a\r\n${ends}`, 400],
  ['HTTP/3.7', `GET / HTTP/3.7\r\nhost: a\r\n${ends}`, 400],
  ['two hosts', `GET / HTTP/1.1\r\nhost: a\r\nHost: b\r\n${ends}`, 400],
  ['the same host twice', `GET / HTTP/1.1\r\nHOST: a\r\nHost: a\r\n${ends}`, 400],
  ['no host', `GET / HTTP/1.1\r\n${ends}`, 400],
  ['an empty host', `GET / HTTP/1.1\r\nhost:\r\n${ends}`, 400],
  ['a host of two names', `GET / HTTP/1.1\r\nhost: a, b\r\n${ends}`, 400],
  ['a host with a path', `GET / HTTP/1.1\r\nhost: a/b\r\n${ends}`, 400],
  ['a host with a user', `GET / HTTP/1.1\r\nhost: u@a\r\n${ends}`, 400],
  ['a target without a slash', `GET nothing HTTP/1.1\r\nhost: a\r\n${ends}`, 400],
  ['an absolute target of another scheme', `GET ftp://a/ HTTP/1.1\r\nhost: a\r\n${ends}`, 400],
  ['a target of * with another method', `GET * HTTP/1.1\r\nhost: a\r\n${ends}`, 400],
])('%s is refused in the error envelope, and not logged as an error', async (_, bytes, status) => {
  const { log, sendRaw } = await setUp()
  const answer = await sendRaw(bytes)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toContain('x-request-id: req_refused')
  expect(answer).toContain('"error":{"message":"')
  expect(/\r\nallow: GET/i.test(answer)).toBe(status === 405)
  expect(answer).not.toMatch(leaks)
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

test.each([
  ['a method of WebDAV', `PROPFIND / HTTP/1.1\r\nhost: a\r\n${ends}`, 200],
  ['an absolute target', `GET http://a/b HTTP/1.1\r\nhost: a\r\n${ends}`, 200],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\nhost: a\r\n${ends}`, 204],
  ['an unsupported upgrade', `GET / HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\n${ends}`, 200],
  ['a host and its port', `GET / HTTP/1.1\r\nhost: [::1]:8080\r\n${ends}`, 200],
])('%s is answered', async (_, bytes, status) => {
  const { log, sendRaw } = await setUp()
  expect(await sendRaw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

describe('a page of another origin can read the refusal', () => {
  const origin = 'https://app.example.org'
  const manyHeaders = Array.from({ length: 250 }, (_, n) => `x-${n}: 1\r\n`).join('')
  const early: [string, string, number][] = [
    ['data that is not HTTP', `BAD\r\norigin: ${origin}\r\n\r\n`, 400],
    ['a broken header', `GET /v1 HTTP/1.1\r\nOrigin: ${origin}\r\nhost\r\n\r\n`, 400],
    ['no host', `GET / HTTP/1.1\r\norigin: ${origin}\r\n${ends}`, 400],
    ['TRACE', `TRACE / HTTP/1.1\r\nhost: a\r\norigin: ${origin}\r\n${ends}`, 405],
    [
      'too many headers',
      `GET / HTTP/1.1\r\nhost: a\r\norigin: ${origin}\r\n${manyHeaders}${ends}`,
      431,
    ],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\norigin: ${origin}\r\nhost: a\r\nx: ${'x'.repeat(40_000)}\r\n${ends}`,
      431,
    ],
    ['headers that never end', `GET / HTTP/1.1\r\nhost: a\r\norigin: ${origin}\r\n`, 408],
  ]
  const limits = { headersWithinMs: 300 }

  test.each(early)('%s', async (_name, bytes, status) => {
    const { sendRaw } = await setUp({ allowedOrigins: '*', limits })
    const answer = await sendRaw(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('access-control-allow-origin: *\r\n')
    expect(answer).toMatch(/access-control-expose-headers: .*x-request-id/)
  })

  // In an incomplete head the line with the origin may no longer be available.
  const known = early.filter(([, bytes, status]) => status !== 408 && bytes.length < 40_000)
  test.each(known)('%s, when its origin is listed and was received', async (_name, bytes) => {
    const listed = await setUp({ allowedOrigins: ['https://other.example', origin], limits })
    const answer = await listed.sendRaw(bytes)
    expect(answer).toContain(`access-control-allow-origin: ${origin}\r\n`)
    expect(answer).toContain('vary: Origin')
    const unlisted = await setUp({ allowedOrigins: ['https://other.example'], limits })
    expect(await unlisted.sendRaw(bytes)).not.toContain('access-control-allow-origin')
  })

  test('but not without allowed origins', async () => {
    const { sendRaw } = await setUp()
    expect(await sendRaw(early[0]?.[1] ?? '')).not.toContain('access-control')
  })
})
