import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Agent, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'

import { forward } from './forward.ts'

const open: Server[] = []
const agent = new Agent()
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function gateway(listener: RequestListener, withhold: string[] = []) {
  const origin = await listen(listener)
  return listen((incoming, outgoing) => {
    const input = { dispatcher: agent, origin, incoming, outgoing, requestId: 'req_1', withhold }
    forward(input).catch((error: { code: string }) => {
      outgoing.writeHead(503)
      outgoing.end(error.code)
    })
  })
}

describe('forwarding to an internal service', () => {
  it('forwards path and query unchanged, and the response byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251))
    const url = await gateway(({ url }, outgoing) => {
      outgoing.setHeader('etag', '"x"')
      outgoing.setHeader('x-path', url ?? '')
      outgoing.end(bytes)
    })
    const answer = await request(`${url}/p/img/a%2Fb/0?exp=1&sig=ab%20c&w=2`)
    expect(answer.headers['x-path']).toBe('/p/img/a%2Fb/0?exp=1&sig=ab%20c&w=2')
    expect(answer.headers['etag']).toBe('"x"')
    expect(answer.headers['x-request-id']).toBe('req_1')
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(bytes)).toBe(true)
  })

  it('removes withheld and hop-by-hop headers', async () => {
    let seen: IncomingMessage['headers'] = {}
    const listener: RequestListener = ({ headers }, outgoing) => {
      seen = headers
      outgoing.setHeader('keep-alive', 'timeout=999')
      outgoing.end()
    }
    const url = await gateway(listener, ['authorization', 'cookie'])
    const answer = await request(`${url}/p/x`, {
      headers: {
        authorization: 'Bearer secret',
        cookie: 'a=b',
        te: 'trailers',
        'x-request-id': 'forged',
        'x-forwarded-for': '203.0.113.7',
        accept: 'image/webp',
        'if-none-match': '"y"',
      },
    })
    await answer.body.dump()
    expect(seen).toMatchObject({
      accept: 'image/webp',
      'if-none-match': '"y"',
      'x-request-id': 'req_1',
    })
    expect(seen['x-forwarded-for']).toBe('203.0.113.7, 127.0.0.1')
    expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['authorization']))
    expect(seen['cookie'] ?? seen['te']).toBeUndefined()
    expect(answer.headers['keep-alive']).not.toBe('timeout=999')
  })

  it('forwards statuses, HEAD requests and bodies', async () => {
    const url = await gateway((incoming, outgoing) => {
      outgoing.statusCode = incoming.method === 'HEAD' ? 304 : 201
      incoming.pipe(outgoing)
    })
    expect((await request(`${url}/x`, { method: 'HEAD' })).statusCode).toBe(304)
    const posted = await request(`${url}/x`, { method: 'POST', body: 'hello' })
    expect(posted.statusCode).toBe(201)
    expect(await posted.body.text()).toBe('hello')
  })

  it('rejects with unavailable while the service is down', async () => {
    const url = await listen((incoming, outgoing) => {
      const origin = 'http://127.0.0.1:1'
      const input = { dispatcher: agent, origin, incoming, outgoing, requestId: 'req_1' }
      forward(input).catch((error: { code: string }) => outgoing.writeHead(503).end(error.code))
    })
    const answer = await request(`${url}/p/x`)
    expect([answer.statusCode, await answer.body.text()]).toEqual([503, 'unavailable'])
  })

  it('aborts the response when the service aborts its own', async () => {
    const url = await gateway((_, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '1000' })
      outgoing.write('half', () => outgoing.destroy())
    })
    const answer = await request(`${url}/p/x`)
    await expect(answer.body.text()).rejects.toThrow(/terminated|other side closed|aborted/i)
  })

  it('aborts the request to the service when the caller disconnects', async () => {
    const gone = Promise.withResolvers<void>()
    const url = await gateway((_, outgoing) => {
      outgoing.on('close', () => gone.resolve())
      outgoing.write('x')
    })
    const answer = await request(`${url}/p/x`)
    answer.body.on('error', () => undefined)
    answer.body.destroy()
    await gone.promise
    expect(answer.statusCode).toBe(200)
  })
})
