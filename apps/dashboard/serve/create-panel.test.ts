import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createPanel } from './create-panel.ts'
import type { PanelBuild } from './panel-build.ts'
import { panelHandler } from './panel-handler.ts'

const SCRIPT = 'export const heron = 1\n'.repeat(100)
const PAGE = '<!doctype html><p>a heron at dawn</p>'.repeat(100)

interface ReceivedRequest {
  url: string
  method: string
  body: string
  apiUrls: readonly string[]
  callerStamp: string | undefined
  address: string
}

let folder: string
let server: HttpServer
const received: ReceivedRequest[] = []

/** A build with one script; every page has the same body and records its request. */
function smallBuild(): PanelBuild {
  const asset = (path: string, immutable: boolean) => ({
    path,
    type: 'text/javascript',
    etag: '"tag"',
    immutable,
    encodings: ['br' as const],
  })
  return {
    assets: new Map([
      ['/_app/immutable/a.js', asset(join(folder, 'a.js'), true)],
      ['/robots.txt', asset(join(folder, 'a.js'), false)],
    ]),
    server: {
      init: async () => undefined,
      respond: async (request, { platform, getClientAddress }) => {
        received.push({
          url: request.url,
          method: request.method,
          body: await request.clone().text(),
          apiUrls: platform.apiUrls,
          callerStamp: platform.callerStamp,
          address: getClientAddress(),
        })
        const headers = new Headers({ 'content-type': 'text/html', etag: '"page"' })
        headers.append('set-cookie', 'a=1; Path=/')
        headers.append('set-cookie', 'b=2; Path=/')
        return new Response(PAGE, { headers })
      },
    },
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-panel-'))
  await writeFile(join(folder, 'a.js'), SCRIPT)
  await writeFile(join(folder, 'a.js.br'), brotliCompressSync(SCRIPT))
  const log = recordedLog()
  const panel = createPanel({
    build: smallBuild(),
    gateways: { inOrder: () => ['http://127.0.0.1:1'], failed: () => undefined },
    publicBaseUrl: 'https://ai.example.org',
    log,
  })
  const health = { fetch: () => new Response('healthy') }
  const app = panelHandler({ panel, health })
  server = await serveHttp({ app, port: 0, host: '127.0.0.1', log })
})
afterAll(async () => {
  await server.close({ withinMs: 1_000 })
  await rm(folder, { recursive: true })
})

const fetchPath = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init)
const lastReceived = () => received.at(-1)

describe('a file of the build', () => {
  it('is cached as immutable when its name contains a content hash, and is sent compressed', async () => {
    const answer = await fetchPath('/_app/immutable/a.js', { headers: { 'accept-encoding': 'br' } })
    expect(await answer.text()).toBe(SCRIPT)
    expect(answer.headers.get('content-encoding')).toBe('br')
    expect(answer.headers.get('cache-control')).toBe('max-age=31536000, immutable')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('is sent uncompressed when the client accepts no compression', async () => {
    const answer = await fetchPath('/robots.txt', { headers: { 'accept-encoding': 'identity' } })
    expect(answer.headers.get('content-encoding')).toBeNull()
    expect(answer.headers.get('content-length')).toBe(String(SCRIPT.length))
    expect(await answer.text()).toBe(SCRIPT)
  })

  it('is not sent again when If-None-Match matches', async () => {
    const answer = await fetchPath('/robots.txt', { headers: { 'if-none-match': '"tag"' } })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
  })

  it('refuses other methods', async () => {
    expect((await fetchPath('/_app/immutable/a.js', { method: 'POST', body: 'x' })).status).toBe(
      405,
    )
  })
})

describe('a page', () => {
  it.each(['br', 'gzip'])(
    'is compressed with %s and keeps every Set-Cookie header',
    async (coding) => {
      const answer = await fetchPath('/studio?a=b', { headers: { 'accept-encoding': coding } })
      expect(answer.headers.get('content-encoding')).toBe(coding)
      expect(answer.headers.get('vary')).toContain('accept-encoding')
      expect(answer.headers.get('etag')).toBe('W/"page"')
      expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
      expect(await answer.text()).toBe(PAGE)
    },
  )

  it('receives the gateway address and the caller stamp', async () => {
    await fetchPath('/', { headers: { 'x-sluice-caller': 'signed by the gateway' } })
    expect(lastReceived()).toMatchObject({
      apiUrls: ['http://127.0.0.1:1'],
      callerStamp: 'signed by the gateway',
      address: '127.0.0.1',
    })
  })

  it('has no body for a HEAD request', async () => {
    const answer = await fetchPath('/', { method: 'HEAD', headers: { 'accept-encoding': 'br' } })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

it('health endpoints are served next to the pages', async () => {
  for (const path of ['/health', '/ready', '/metrics']) {
    expect(await (await fetchPath(path)).text()).toBe('healthy')
  }
})

describe('a form', () => {
  const post = (origin: string, body = 'email=a') =>
    fetchPath('/login', {
      method: 'POST',
      body,
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    })

  it('arrives complete, at the origin that the browser shows', async () => {
    await post(server.url)
    expect(lastReceived()).toMatchObject({
      url: `${server.url}/login`,
      method: 'POST',
      body: 'email=a',
    })
    // The same host over TLS terminated by a proxy.
    const secure = server.url.replace('http:', 'https:')
    await post(secure)
    expect(lastReceived()?.url).toBe(`${secure}/login`)
    await post('https://ai.example.org')
    expect(lastReceived()?.url).toBe('https://ai.example.org/login')
  })

  it('of another site arrives at an origin different from that site', async () => {
    await post('https://evil.example')
    expect(lastReceived()?.url).toBe(`${server.url}/login`)
  })

  it.each([
    ['/login', 16 * 1024],
    ['/register', 16 * 1024],
    ['/studio', 512 * 1024],
  ])('for %s that exceeds the size limit is refused before it is read', async (path, bytesMax) => {
    const send = (bytes: number) =>
      fetchPath(path, {
        method: 'POST',
        body: 'x'.repeat(bytes),
        headers: { origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
      })
    const before = received.length
    expect((await send(bytesMax + 1)).status).toBe(413)
    expect(received.length).toBe(before)
    expect((await send(bytesMax)).status).toBe(200)
    expect(lastReceived()?.body).toHaveLength(bytesMax)
  })
})
