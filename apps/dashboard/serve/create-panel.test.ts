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

interface Seen {
  url: string
  method: string
  body: string
  apiUrls: readonly string[]
  callerStamp: string | undefined
  address: string
}

let folder: string
let server: HttpServer
const seen: Seen[] = []

/** A build of one script, whose pages are all the same and remember what they were asked. */
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
        seen.push({
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

const ask = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init)
const lastSeen = () => seen.at(-1)

describe('a file of the build', () => {
  it('is kept for good by browsers when its name changes with its content, and travels small', async () => {
    const answer = await ask('/_app/immutable/a.js', { headers: { 'accept-encoding': 'br' } })
    expect(await answer.text()).toBe(SCRIPT)
    expect(answer.headers.get('content-encoding')).toBe('br')
    expect(answer.headers.get('cache-control')).toBe('max-age=31536000, immutable')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('is whole for who takes no compression', async () => {
    const answer = await ask('/robots.txt', { headers: { 'accept-encoding': 'identity' } })
    expect(answer.headers.get('content-encoding')).toBeNull()
    expect(answer.headers.get('content-length')).toBe(String(SCRIPT.length))
    expect(await answer.text()).toBe(SCRIPT)
  })

  it('is not sent again to who has it', async () => {
    const answer = await ask('/robots.txt', { headers: { 'if-none-match': '"tag"' } })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
  })

  it('takes no other method', async () => {
    expect((await ask('/_app/immutable/a.js', { method: 'POST', body: 'x' })).status).toBe(405)
  })
})

describe('a page', () => {
  it.each(['br', 'gzip'])(
    'travels compressed as %s, with every cookie that it sets',
    async (coding) => {
      const answer = await ask('/studio?a=b', { headers: { 'accept-encoding': coding } })
      expect(answer.headers.get('content-encoding')).toBe(coding)
      expect(answer.headers.get('vary')).toContain('accept-encoding')
      expect(answer.headers.get('etag')).toBe('W/"page"')
      expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
      expect(await answer.text()).toBe(PAGE)
    },
  )

  it('is told where the gateway is, and who asks', async () => {
    await ask('/', { headers: { 'x-sluice-caller': 'as the door has signed it' } })
    expect(lastSeen()).toMatchObject({
      apiUrls: ['http://127.0.0.1:1'],
      callerStamp: 'as the door has signed it',
      address: '127.0.0.1',
    })
  })

  it('asked for by HEAD has no body', async () => {
    const answer = await ask('/', { method: 'HEAD', headers: { 'accept-encoding': 'br' } })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

it('health is told beside the pages', async () => {
  for (const path of ['/health', '/ready', '/metrics']) {
    expect(await (await ask(path)).text()).toBe('healthy')
  }
})

describe('a form', () => {
  const post = (origin: string, body = 'email=a') =>
    ask('/login', {
      method: 'POST',
      body,
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    })

  it('arrives whole, at the origin that the person sees', async () => {
    await post(server.url)
    expect(lastSeen()).toMatchObject({
      url: `${server.url}/login`,
      method: 'POST',
      body: 'email=a',
    })
    // The same host over TLS, which a proxy in front has taken off.
    const secure = server.url.replace('http:', 'https:')
    await post(secure)
    expect(lastSeen()?.url).toBe(`${secure}/login`)
    await post('https://ai.example.org')
    expect(lastSeen()?.url).toBe('https://ai.example.org/login')
  })

  it('of another site arrives at an origin that is not its own', async () => {
    await post('https://evil.example')
    expect(lastSeen()?.url).toBe(`${server.url}/login`)
  })

  it.each([
    ['/login', 16 * 1024],
    ['/register', 16 * 1024],
    ['/studio', 512 * 1024],
  ])('of %s that is larger than its kind is refused before it is read', async (path, bytesMax) => {
    const send = (bytes: number) =>
      ask(path, {
        method: 'POST',
        body: 'x'.repeat(bytes),
        headers: { origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
      })
    const before = seen.length
    expect((await send(bytesMax + 1)).status).toBe(413)
    expect(seen.length).toBe(before)
    expect((await send(bytesMax)).status).toBe(200)
    expect(lastSeen()?.body).toHaveLength(bytesMax)
  })
})
