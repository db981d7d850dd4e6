import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

import { selfSigned } from '@sluice/simulators/self-signed'

import { afterEach, describe, expect, it } from 'vitest'

import type { EgressOptions } from './create-egress.ts'
import { createEgress } from './create-egress.ts'
import type { GuardedInput } from './guarded-fetch.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A server on loopback, and a fetch from it under a public name that the operator allowed. */
async function createFixture(listener: RequestListener, options: EgressOptions = {}) {
  const received: IncomingMessage[] = []
  const server = createServer((request, response) => {
    received.push(request)
    listener(request, response)
  })
  const port = await listen(server)
  const host = `pictures.example:${port}`
  const egress = createEgress({
    lookup: async () => ['127.0.0.1'],
    allowPrivate: [host],
    portsAllowed: [port],
    ...options,
  })
  cleanups.push(() => egress.close())
  const get = (input: Partial<GuardedInput> = {}) =>
    egress.fetchGuarded({
      url: `http://${host}/picture.png`,
      bytesMax: 1_000,
      timeoutMs: 10_000,
      acceptTypes: ['image/png'],
      ...input,
    })
  return { get, received, port, host }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return portOf(server)
}

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

const png = (response: ServerResponse) => response.setHeader('content-type', 'image/png')

const redirect = (location: string, status = 302) =>
  ((_request, response) => {
    response.writeHead(status, { location }).end()
  }) satisfies RequestListener

describe('a guarded fetch', () => {
  it('returns the bytes of an allowed host, and sends only the headers that a GET needs', async () => {
    const { get, received, host } = await createFixture((_request, response) => {
      png(response)
      response.end('bytes')
    })
    const result = await get()
    expect(result).toMatchObject({ outcome: 'fetched', contentType: 'image/png' })
    expect(result.outcome === 'fetched' && Buffer.from(result.bytes).toString()).toBe('bytes')
    expect(Object.keys(received[0]?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ])
    expect(received[0]?.headers.host).toBe(host)
  })

  it('resolves a name once: later DNS answers are not used', async () => {
    const answers = [['127.0.0.2'], ['127.0.0.1']]
    let lookups = 0
    const { get, received } = await createFixture((_request, response) => response.end(), {
      lookup: async () => answers[(lookups += 1) - 1] ?? [],
    })
    expect(await get()).toMatchObject({ outcome: 'failed', reason: 'network' })
    expect(lookups).toBe(1)
    expect(received).toEqual([])
  })

  it.each([[['93.184.215.14', '127.0.0.1']], [['2606:4700::1', '::1']], [['1.1.1.1', 'fd00::1']]])(
    'rejects a name that has one private address among public ones: %j',
    async (addresses) => {
      const { get, port, received } = await createFixture((_request, response) => response.end(), {
        allowPrivate: [],
        lookup: async () => addresses,
      })
      const result = await get({ url: `http://two.example:${port}/` })
      expect(result).toMatchObject({ outcome: 'refused', reason: 'address' })
      expect(received).toEqual([])
    },
  )

  it.each([
    ['a name that has no address', async () => []],
    ['a resolver that fails', async () => Promise.reject(new Error('SERVFAIL'))],
  ])('rejects %s', async (_name, lookup) => {
    const { get, port } = await createFixture((_request, response) => response.end(), {
      lookup,
      allowPrivate: [],
    })
    const result = await get({ url: `http://gone.example:${port}/` })
    expect(result).toMatchObject({ outcome: 'refused', reason: 'unresolved' })
  })

  it.each([301, 302, 303, 307, 308])(
    'rejects a %d to loopback before it connects',
    async (status) => {
      const canary: string[] = []
      const inside = createServer((request) => canary.push(request.url ?? ''))
      const port = await listen(inside)
      const { get } = await createFixture(redirect(`http://127.0.0.1:${port}/`, status), {
        portsAllowed: [port],
      })
      expect(await get()).toMatchObject({ outcome: 'refused', reason: 'address' })
      expect(canary).toEqual([])
    },
  )

  it('follows at most three redirects', async () => {
    const hops = (limit: number): RequestListener => {
      let count = 0
      return (_request, response) => {
        count += 1
        if (count <= limit) response.writeHead(302, { location: `/${count}` }).end()
        else png(response).end('arrived')
      }
    }
    const three = await createFixture(hops(3))
    expect(await three.get()).toMatchObject({ outcome: 'fetched' })
    const four = await createFixture(hops(4))
    expect(await four.get()).toMatchObject({ outcome: 'refused', reason: 'redirects' })
    expect(four.received).toHaveLength(4)
  })

  it('requests identity encoding, and decodes an encoded response nevertheless', async () => {
    const lookups: unknown[] = []
    const { get } = await createFixture((request, response) => {
      lookups.push(request.headers['accept-encoding'])
      png(response).setHeader('content-encoding', 'gzip').end(gzipSync('a picture'))
    })
    const result = await get()
    if (result.outcome !== 'fetched') throw new Error(result.message)
    expect(Buffer.from(result.bytes).toString()).toBe('a picture')
    expect(lookups).toEqual(['identity'])
  })

  it.each(['text/html', 'application/json', undefined])(
    'accepts content type %s with acceptTypes any',
    async (type) => {
      const { get } = await createFixture((_request, response) => {
        if (type) response.setHeader('content-type', type)
        response.end('bytes')
      })
      expect(await get({ acceptTypes: 'any' })).toMatchObject({ outcome: 'fetched' })
    },
  )

  it('does not follow a Refresh header', async () => {
    const { get, received } = await createFixture((_request, response) => {
      response.setHeader('refresh', '0; url=http://127.0.0.1/')
      png(response).end('not redirected')
    })
    expect(await get()).toMatchObject({ outcome: 'fetched' })
    expect(received).toHaveLength(1)
  })

  const broken: [string, RequestListener, string][] = [
    [
      'a body over the limit with a content-length',
      (_, r) => png(r).end('x'.repeat(2_000)),
      'too-large',
    ],
    ['a body over the limit without a content-length', (_, r) => endless(r), 'too-large'],
    ['another type', (_, r) => r.setHeader('content-type', 'text/html').end('x'), 'content-type'],
    ['no type', (_, r) => r.end('x'), 'content-type'],
    [
      'an unknown content encoding',
      (_, r) => png(r).setHeader('content-encoding', 'compress').end('x'),
      'encoded',
    ],
    [
      'malformed encoded bytes',
      (_, r) => png(r).setHeader('content-encoding', 'br').end('no brotli'),
      'encoded',
    ],
    [
      'encoded bytes that decode to more than the limit',
      (_, r) =>
        png(r)
          .setHeader('content-encoding', 'gzip')
          .end(gzipSync(Buffer.alloc(10_000_000))),
      'too-large',
    ],
    ['an error status', (_, r) => r.writeHead(403).end(), 'status'],
    ['a redirect without a location', (_, r) => r.writeHead(302).end(), 'status'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'network'],
    ['a truncated body', (_, r) => cut(r), 'network'],
  ]
  it.each(broken)('fails on %s', async (_name, listener, reason) => {
    const { get } = await createFixture(listener)
    expect(await get()).toMatchObject({ outcome: 'failed', reason })
  })

  it.each<[string, RequestListener]>([
    ['that is never sent', () => {}],
    ['that never ends', (_request, response) => drip(png(response))],
  ])('fails with timeout on a response %s', async (_name, listener) => {
    const { get } = await createFixture(listener)
    expect(await get({ timeoutMs: 200 })).toMatchObject({ outcome: 'failed', reason: 'timeout' })
  })

  it('includes name resolution in its timeout', async () => {
    const { get } = await createFixture((_request, response) => response.end(), {
      lookup: () => new Promise(() => {}),
    })
    expect(await get({ timeoutMs: 50 })).toMatchObject({ outcome: 'failed', reason: 'timeout' })
  })

  it('rejects with the reason of the aborted signal', async () => {
    const controller = new AbortController()
    const { get, received } = await createFixture(() =>
      controller.abort(new Error('caller disconnected')),
    )
    await expect(get({ signal: controller.signal })).rejects.toThrow('caller disconnected')
    expect(received).toHaveLength(1)
  })

  it('sends no request to a server with a self-signed certificate', async () => {
    const received: string[] = []
    const server = createTlsServer(selfSigned({ host: 'pictures.example' }), (request) =>
      received.push(request.url ?? ''),
    )
    const port = await listen(server)
    const { get } = await createFixture(() => {}, { allowPrivate: [`pictures.example:${port}`] })
    const result = await get({ url: `https://pictures.example:${port}/` })
    expect(result).toMatchObject({ outcome: 'failed', reason: 'network' })
    expect(received).toEqual([])
  })

  it('logs the host and the reason of a rejected URL, and never the path', async () => {
    const lines: unknown[] = []
    const log = { warn: (facts: object, message: string) => void lines.push({ ...facts, message }) }
    const { get } = await createFixture(() => {}, { log })
    await get({ url: 'http://127.0.0.1/private?token=abc' })
    expect(lines).toEqual([
      { host: '127.0.0.1', outcome: 'refused', reason: 'address', message: 'url not fetched' },
    ])
  })
})

function endless(response: ServerResponse): void {
  png(response)
  const write = () => {
    while (!response.destroyed && response.write('x'.repeat(500))) continue
  }
  response.on('drain', write)
  write()
}

function cut(response: ServerResponse): void {
  png(response).setHeader('content-length', '100').write('some')
  response.socket?.end()
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 5)
  response.on('close', () => clearInterval(timer))
}
