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

/** A server on loopback, and a fetch to it under a public name that the operator allowed. */
async function createFixture(listener: RequestListener, options: EgressOptions = {}) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
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
  return { get, seen, port, host }
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
  it('brings the bytes of an allowed host, and sends nothing but what a GET needs', async () => {
    const { get, seen, host } = await createFixture((_request, response) => {
      png(response)
      response.end('bytes')
    })
    const answer = await get()
    expect(answer).toMatchObject({ outcome: 'fetched', contentType: 'image/png' })
    expect(answer.outcome === 'fetched' && Buffer.from(answer.bytes).toString()).toBe('bytes')
    expect(Object.keys(seen[0]?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ])
    expect(seen[0]?.headers.host).toBe(host)
  })

  it('resolves a name once: what the name answers later leads nowhere', async () => {
    const answers = [['127.0.0.2'], ['127.0.0.1']]
    let asked = 0
    const { get, seen } = await createFixture((_request, response) => response.end(), {
      lookup: async () => answers[(asked += 1) - 1] ?? [],
    })
    expect(await get()).toMatchObject({ outcome: 'failed', reason: 'network' })
    expect(asked).toBe(1)
    expect(seen).toEqual([])
  })

  it.each([[['93.184.215.14', '127.0.0.1']], [['2606:4700::1', '::1']], [['1.1.1.1', 'fd00::1']]])(
    'refuses a name that has one private address among public ones: %j',
    async (addresses) => {
      const { get, port, seen } = await createFixture((_request, response) => response.end(), {
        allowPrivate: [],
        lookup: async () => addresses,
      })
      const answer = await get({ url: `http://two.example:${port}/` })
      expect(answer).toMatchObject({ outcome: 'refused', reason: 'address' })
      expect(seen).toEqual([])
    },
  )

  it.each([
    ['a name that has no address', async () => []],
    ['a resolver that fails', async () => Promise.reject(new Error('SERVFAIL'))],
  ])('refuses %s', async (_name, lookup) => {
    const { get, port } = await createFixture((_request, response) => response.end(), {
      lookup,
      allowPrivate: [],
    })
    const answer = await get({ url: `http://gone.example:${port}/` })
    expect(answer).toMatchObject({ outcome: 'refused', reason: 'unresolved' })
  })

  it.each([301, 302, 303, 307, 308])(
    'refuses a %d to loopback before it connects',
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

  it('follows three redirects and no fourth', async () => {
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
    expect(four.seen).toHaveLength(4)
  })

  it('asks for no content encoding, and reads what comes packed all the same', async () => {
    const asked: unknown[] = []
    const { get } = await createFixture((request, response) => {
      asked.push(request.headers['accept-encoding'])
      png(response).setHeader('content-encoding', 'gzip').end(gzipSync('a picture'))
    })
    const answer = await get()
    if (answer.outcome !== 'fetched') throw new Error(answer.message)
    expect(Buffer.from(answer.bytes).toString()).toBe('a picture')
    expect(asked).toEqual(['identity'])
  })

  it.each(['text/html', 'application/json', undefined])(
    'takes what says it is %s where the bytes decide',
    async (type) => {
      const { get } = await createFixture((_request, response) => {
        if (type) response.setHeader('content-type', type)
        response.end('bytes')
      })
      expect(await get({ acceptTypes: 'any' })).toMatchObject({ outcome: 'fetched' })
    },
  )

  it('does not follow a Refresh header', async () => {
    const { get, seen } = await createFixture((_request, response) => {
      response.setHeader('refresh', '0; url=http://127.0.0.1/')
      png(response).end('still here')
    })
    expect(await get()).toMatchObject({ outcome: 'fetched' })
    expect(seen).toHaveLength(1)
  })

  const broken: [string, RequestListener, string][] = [
    ['a body over the cap that says so', (_, r) => png(r).end('x'.repeat(2_000)), 'too-large'],
    ['a body over the cap that does not say so', (_, r) => endless(r), 'too-large'],
    ['another type', (_, r) => r.setHeader('content-type', 'text/html').end('x'), 'content-type'],
    ['no type', (_, r) => r.end('x'), 'content-type'],
    [
      'a content encoding that nobody knows',
      (_, r) => png(r).setHeader('content-encoding', 'compress').end('x'),
      'encoded',
    ],
    [
      'packed bytes that are damaged',
      (_, r) => png(r).setHeader('content-encoding', 'br').end('no brotli'),
      'encoded',
    ],
    [
      'packed bytes that unpack to more than the cap',
      (_, r) =>
        png(r)
          .setHeader('content-encoding', 'gzip')
          .end(gzipSync(Buffer.alloc(10_000_000))),
      'too-large',
    ],
    ['an error status', (_, r) => r.writeHead(403).end(), 'status'],
    ['a redirect without a location', (_, r) => r.writeHead(302).end(), 'status'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'network'],
    ['a body that is cut', (_, r) => cut(r), 'network'],
  ]
  it.each(broken)('fails on %s', async (_name, listener, reason) => {
    const { get } = await createFixture(listener)
    expect(await get()).toMatchObject({ outcome: 'failed', reason })
  })

  it.each<[string, RequestListener]>([
    ['that never comes', () => {}],
    ['that drips', (_request, response) => drip(png(response))],
  ])('gives up on an answer %s when its time is over', async (_name, listener) => {
    const { get } = await createFixture(listener)
    expect(await get({ timeoutMs: 200 })).toMatchObject({ outcome: 'failed', reason: 'timeout' })
  })

  it('counts the resolver into its time', async () => {
    const { get } = await createFixture((_request, response) => response.end(), {
      lookup: () => new Promise(() => {}),
    })
    expect(await get({ timeoutMs: 50 })).toMatchObject({ outcome: 'failed', reason: 'timeout' })
  })

  it('rejects with the reason of whoever called it off', async () => {
    const controller = new AbortController()
    const { get, seen } = await createFixture(() => controller.abort(new Error('caller left')))
    await expect(get({ signal: controller.signal })).rejects.toThrow('caller left')
    expect(seen).toHaveLength(1)
  })

  it('talks to no server whose certificate nobody vouches for', async () => {
    const seen: string[] = []
    const server = createTlsServer(selfSigned({ host: 'pictures.example' }), (request) =>
      seen.push(request.url ?? ''),
    )
    const port = await listen(server)
    const { get } = await createFixture(() => {}, { allowPrivate: [`pictures.example:${port}`] })
    const answer = await get({ url: `https://pictures.example:${port}/` })
    expect(answer).toMatchObject({ outcome: 'failed', reason: 'network' })
    expect(seen).toEqual([])
  })

  it('logs the host and the reason of a refusal, and never the path', async () => {
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
