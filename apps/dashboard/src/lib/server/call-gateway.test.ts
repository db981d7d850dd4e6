import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { HandleFetch } from '@sveltejs/kit/hooks'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { callGateway } from './call-gateway.ts'

interface Seen {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

let gateway: Server
let apiUrl: string
let gatewaysOf = () => [apiUrl]
const failed: string[] = []
let seen: Seen[] = []

beforeAll(async () => {
  gateway = createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray()).toString()
    const { method = '', url: path = '', headers } = incoming
    seen.push({ method, path, headers, body })
    outgoing.setHeader('set-cookie', ['__Host-s=1; HttpOnly; Secure; Path=/', 'b=2'])
    outgoing.end('{}')
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  apiUrl = `http://127.0.0.1:${portOf(gateway)}`
})
afterAll(() => gateway.close())
beforeEach(() => {
  seen = []
})

// A server that listens on a port has an AddressInfo.
const portOf = (server: Server) => (server.address() as AddressInfo).port

const PANEL = 'https://ai.example.org'

/** What SvelteKit gives the hook for one fetch of a page's server side. */
function ask(path: string, init: RequestInit = {}) {
  const user = {
    cookie: '__Host-s=secret; sluice_theme=dark',
    'accept-language': 'zh-CN',
    'user-agent': 'a browser',
    authorization: 'Bearer of-nobody',
    'x-sluice-caller': 'as the person would like it',
  }
  const event = {
    url: new URL('/studio', PANEL),
    request: new Request(`${PANEL}/studio`, { headers: user }),
    locals: { setCookies: [] },
    platform: {
      apiUrls: gatewaysOf(),
      gatewayFailed: (url: string) => void failed.push(url),
      callerStamp: 'as the door has signed it',
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

// As much of the event as the hook reads.
const asInput = (input: unknown) => input as Parameters<HandleFetch>[0]

it('asks the gateway in the person’s name, and from where the door saw them', async () => {
  await ask('/api/me?a=b').answer
  expect(seen[0]).toMatchObject({
    method: 'GET',
    path: '/api/me?a=b',
    headers: {
      cookie: '__Host-s=secret; sluice_theme=dark',
      'accept-language': 'zh-CN',
      'user-agent': 'a browser',
      'x-sluice-caller': 'as the door has signed it',
    },
  })
  expect(seen[0]?.headers.authorization).toBeUndefined()
  expect(seen[0]?.headers.origin).toBeUndefined()
})

it('asks the next gateway, once, when one takes no connection, and reports it', async () => {
  gatewaysOf = () => ['http://127.0.0.1:2', apiUrl]
  const body = JSON.stringify({ name: 'b' })
  await ask('/api/user/apikeys', { method: 'POST', body }).answer
  gatewaysOf = () => [apiUrl]
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({ method: 'POST', body, headers: { origin: apiUrl } })
  expect(failed).toEqual(['http://127.0.0.1:2'])
})

it('says that no gateway is there after each was asked once', async () => {
  gatewaysOf = () => ['http://127.0.0.1:2', 'http://127.0.0.1:2']
  await expect(ask('/api/me').answer).rejects.toThrow('fetch failed')
  gatewaysOf = () => [apiUrl]
})

it('asks for a change as the gateway’s own page, body and all', async () => {
  const body = JSON.stringify({ name: 'a' })
  await ask('/api/user/apikeys', { method: 'POST', body }).answer
  expect(seen[0]).toMatchObject({ method: 'POST', body, headers: { origin: apiUrl } })
})

it('hands the gateway’s cookies on to the browser as they are', async () => {
  const { answer, event } = ask('/api/auth/login', { method: 'POST', body: '{}' })
  await answer
  expect(event.locals.setCookies).toEqual(['__Host-s=1; HttpOnly; Secure; Path=/', 'b=2'])
})

it.each(['https://elsewhere.example/api/me', '/studio', '/apiary/me', '/p/img/a/0'])(
  'sends no cookie of the person to %s',
  async (path) => {
    const { answer, elsewhere } = ask(path)
    expect(await (await answer).text()).toBe('elsewhere')
    expect(seen).toEqual([])
    expect(elsewhere).toEqual([new URL(path, PANEL)])
  },
)
