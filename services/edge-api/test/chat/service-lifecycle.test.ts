import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import { turns, until } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const servers: Server[] = []
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function service(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the public listener', () => {
  it('forwards image requests to imgproxy without the API key that some clients attach', async () => {
    let seen: { url?: string | undefined; authorization?: string | undefined } = {}
    const imgproxyUrl = await service(({ url, headers }, outgoing) => {
      seen = { url, authorization: headers.authorization }
      outgoing.setHeader('content-type', 'image/png')
      outgoing.end('PNG')
    })
    const { get } = await open({ config: { imgproxyUrl } })
    const answer = await get('/p/img/img_1/0?exp=1&sig=x')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['x-request-id']).toMatch(/^req_/)
    expect(await answer.body.text()).toBe('PNG')
    expect(seen).toEqual({ url: '/p/img/img_1/0?exp=1&sig=x', authorization: undefined })
  })

  it('forwards unknown paths of browsers to the panel, but never API-like requests', async () => {
    const forwarded: string[] = []
    const dashboardUrl = await service(({ url }, outgoing) => {
      forwarded.push(url ?? '')
      outgoing.end('panel')
    })
    const { get, url } = await open({ config: { dashboardUrl } })
    // As a browser sends it: no key, and an origin header with a form.
    expect(await (await fetch(`${url}/admin/keys`)).text()).toBe('panel')
    const form = { method: 'POST', body: new URLSearchParams({ a: '1' }), headers: { origin: url } }
    expect(await (await fetch(`${url}/login`, form)).text()).toBe('panel')
    for (const path of ['/v1/nope', '/p/img/x/0', '/admin/keys']) {
      const answer = await get(path)
      expect(answer.statusCode).toBe(404)
      await answer.body.dump()
    }
    expect(forwarded).toEqual(['/admin/keys', '/login'])
  })

  it('answers 503 when imgproxy is unreachable', async () => {
    const { get } = await open({ config: { imgproxyUrl: 'http://127.0.0.1:1' } })
    const answer = await get('/p/img/x/0')
    expect(answer.statusCode).toBe(503)
    expect(JSON.parse(await answer.body.text()).error.code).toBe('unavailable')
  })
})

describe('usage records', () => {
  it.each([true, false])(
    'are captured by billing exactly once each (spoolFirst: %s)',
    async (spoolFirst) => {
      const { chat, ledger, stop } = await open({ config: { spoolFirst } })
      await Promise.all(Array.from({ length: 20 }, () => chat()))
      await stop()
      await until(() => ledger.records.length >= 20)
      expect(new Set(ledger.records.map(({ requestId }) => requestId)).size).toBe(20)
    },
  )

  it('wait on disk while billing is unavailable, and chat continues on open allowances', async () => {
    const { chat, ledger, edge } = await open()
    expect((await chat()).status).toBe(200)
    await until(() => ledger.records.length === 1)
    ledger.unavailable = true
    for (let count = 0; count < 5; count += 1) expect((await chat()).status).toBe(200)
    await turns(50)
    ledger.unavailable = false
    await until(() => ledger.records.length === 6)
    expect(edge.checks['usage']).toBeDefined()
  })
})

describe('an edge that shuts down', () => {
  it('lets a running stream finish and then closes every allowance', async () => {
    const { chat, edge, ledger } = await open({ simulator: { streamGapMs: 5, answerWords: 40 } })
    const streaming = chat({ stream: true })
    await until(() => ledger.open() > 0)
    const stopping = edge.stop({ withinMs: 10_000 })
    const { text } = await streaming
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    await stopping
    expect(ledger.records).toHaveLength(1)
    expect(ledger.open()).toBe(0)
    const [record] = ledger.records
    expect(ledger.availableMicro()).toBe(1_000_000_000n - (record?.amountMicro ?? 0n))
  })
})

describe('/ready', () => {
  it('is not ready without models, prices and the bus', async () => {
    const { edge, bus } = await open()
    const { catalog, bus: busCheck } = edge.checks
    const { signal } = new AbortController()
    await expect(catalog?.(signal)).resolves.toBeUndefined()
    await expect(busCheck?.(signal)).resolves.toBeUndefined()
    await bus.close()
    await expect(busCheck?.(signal)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
