import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { HandleFetch } from '@sveltejs/kit/hooks'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { callGateway } from './call-gateway.ts'

interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

let gateway: Server
let apiUrl: string
let gatewaysOf = () => [apiUrl]
const failed: string[] = []
let received: ReceivedRequest[] = []

beforeAll(async () => {
  gateway = createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray()).toString()
    const { method = '', url: path = '', headers } = incoming
    received.push({ method, path, headers, body })
    outgoing.setHeader('set-cookie', ['__Host-s=1; HttpOnly; Secure; Path=/', 'b=2'])
    outgoing.end('{}')
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  apiUrl = `http://127.0.0.1:${portOf(gateway)}`
})
afterAll(() => gateway.close())
beforeEach(() => {
  received = []
})

// A server that listens on a port has an AddressInfo.
const portOf = (server: Server) => (server.address() as AddressInfo).port

const PANEL = 'https://ai.example.org'

/** Calls the hook as SvelteKit does for a server-side fetch. */
function callHook(path: string, init: RequestInit = {}) {
  const user = {
    cookie: '__Host-s=secret; sluice_theme=dark',
    'accept-language': 'zh-CN',
    'user-agent': 'a browser',
    authorization: 'Bearer invalid',
    'x-sluice-caller': 'forged by the browser',
  }
  const event = {
    url: new URL('/studio', PANEL),
    request: new Request(`${PANEL}/studio`, { headers: user }),
    locals: { setCookies: [] },
    platform: {
      apiUrls: gatewaysOf(),
      gatewayFailed: (url: string) => void failed.push(url),
      callerStamp: 'signed by the gateway',
    },
  }
  const elsewhere: URL[] = []
  const fetch = async (info: unknown) => {
    elsewhere.push(new URL(info instanceof Request ? info.url : String(info)))
    return new Response('elsewhere')
  }
  const request = new Request(new URL(path, PANEL), { ...init })
  const answer = callGateway(asInput({ event, request, fetch }))
  return { answer, event, elsewhere }
}

// The part of the event that the hook reads.
const asInput = (input: unknown) => input as Parameters<HandleFetch>[0]

it('calls the gateway with the cookie of the user and the caller stamp', async () => {
  await callHook('/api/me?a=b').answer
  expect(received[0]).toMatchObject({
    method: 'GET',
    path: '/api/me?a=b',
    headers: {
      cookie: '__Host-s=secret; sluice_theme=dark',
      'accept-language': 'zh-CN',
      'user-agent': 'a browser',
      'x-sluice-caller': 'signed by the gateway',
    },
  })
  expect(received[0]?.headers.authorization).toBeUndefined()
  expect(received[0]?.headers.origin).toBeUndefined()
})

it('tries the next gateway once when a connection fails, and reports the failed one', async () => {
  gatewaysOf = () => ['http://127.0.0.1:2', apiUrl]
  const body = JSON.stringify({ name: 'b' })
  await callHook('/api/user/apikeys', { method: 'POST', body }).answer
  gatewaysOf = () => [apiUrl]
  expect(received).toHaveLength(1)
  expect(received[0]).toMatchObject({ method: 'POST', body, headers: { origin: apiUrl } })
  expect(failed).toEqual(['http://127.0.0.1:2'])
})

it('fails after every gateway was tried once', async () => {
  gatewaysOf = () => ['http://127.0.0.1:2', 'http://127.0.0.1:2']
  await expect(callHook('/api/me').answer).rejects.toThrow('fetch failed')
  gatewaysOf = () => [apiUrl]
})

it('sends a change with the gateway’s origin and the body', async () => {
  const body = JSON.stringify({ name: 'a' })
  await callHook('/api/user/apikeys', { method: 'POST', body }).answer
  expect(received[0]).toMatchObject({ method: 'POST', body, headers: { origin: apiUrl } })
})

it('passes the gateway’s cookies to the browser unchanged', async () => {
  const { answer, event } = callHook('/api/auth/login', { method: 'POST', body: '{}' })
  await answer
  expect(event.locals.setCookies).toEqual(['__Host-s=1; HttpOnly; Secure; Path=/', 'b=2'])
})

it.each(['https://elsewhere.example/api/me', '/studio', '/apiary/me', '/p/img/a/0'])(
  'sends no cookie of the user to %s',
  async (path) => {
    const { answer, elsewhere } = callHook(path)
    expect(await (await answer).text()).toBe('elsewhere')
    expect(received).toEqual([])
    expect(elsewhere).toEqual([new URL(path, PANEL)])
  },
)
