import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, client } from '../harness/context.ts'

const origin = 'https://app.example.org'
/** Our headers for clients; the excluded ones are for browsers and proxies. */
const OURS = /^(?!x-accel-buffering|x-content-type-options)(?:x-|idempotent-|retry-)/

/**
 * A page of another site calls the API with a key: preflight, answers, refusals and pictures are readable.
 */
export async function otherSites(context: Context): Promise<void> {
  const { baseUrl } = context.running
  const preflight = await fetch(`${baseUrl}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  expect(preflight.status).toBe(204)
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'authorization,content-type',
  })
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }
  const generating = { model: 'gpt-image-2', quality: 'low', size: '1024x1024', temperature: 1 }
  const cases: [object, Record<string, string>, number][] = [
    [body, {}, 200],
    [body, { 'idempotency-key': 'a-page-of-another-site' }, 200],
    [body, { 'idempotency-key': 'a-page-of-another-site' }, 200],
    [{ ...body, ...generating }, {}, 200],
    [{ ...body, stream: true }, {}, 200],
    [body, { authorization: 'Bearer sk-wrong' }, 401],
    [{ ...body, model: 'nothing' }, {}, 404],
  ]
  const read: string[] = []
  for (const [sent, headers, status] of cases) {
    const answer = await call(context, '/v1/chat/completions', {
      body: sent,
      headers: { origin, ...headers },
    })
    await answer.text()
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
      status,
      '*',
    ])
    const exposed = answer.headers.get('access-control-expose-headers')?.split(', ')
    const ours = [...answer.headers.keys()].filter((name) => OURS.test(name))
    expect(exposed).toEqual(expect.arrayContaining(['x-request-id', ...ours]))
    read.push(...ours)
  }
  const own = ['x-sluice-task-id', 'x-sluice-ignored', 'idempotent-replayed']
  expect(read).toEqual(expect.arrayContaining(own))
  const broken = await sendRaw(baseUrl, `BAD\r\norigin: ${origin}\r\n\r\n`)
  expect(broken).toMatch(/^HTTP\/1\.1 400 /)
  expect(broken).toContain('access-control-allow-origin: *')
  const { data = [] } = await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'a heron for another site',
    size: '1024x1024',
    response_format: 'url',
  })
  // Without an Origin, too, because a cache may later serve this answer to a page.
  for (const headers of [{ origin }, {}] as Record<string, string>[]) {
    const picture = await fetch(data[0]?.url ?? '', { headers })
    await picture.arrayBuffer()
    expect(picture.status).toBe(200)
    expect(picture.headers.get('access-control-allow-origin')).toBe('*')
  }
}

/** Sends raw bytes that are not valid HTTP, and returns the answer. */
function sendRaw(baseUrl: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(baseUrl)
  return text(
    connect(Number(port), hostname, function (this: Socket) {
      this.write(bytes)
    }),
  )
}

/** The JSON error for a wrong base URL names the right one. */
export async function wrongUrls(context: Context): Promise<void> {
  const wrong: [string, string, string][] = [
    ['POST', '//v1/chat/completions', 'POST /v1/chat/completions?'],
    ['POST', '/chat/completions', 'POST /v1/chat/completions?'],
    ['POST', '/v1/v1/images/generations', 'POST /v1/images/generations?'],
    ['GET', '/models', 'GET /v1/models?'],
    ['GET', '/v1/unknown', '/v1'],
    ['GET', '/anything', '/v1'],
    ['POST', '/anything', '/v1'],
  ]
  const { baseUrl } = context.running
  for (const [method, route, path] of wrong) {
    const suggestion = path.replace('/', `${baseUrl}/`)
    const answer = await call(context, route, { method })
    expect(answer.status, route).toBe(404)
    expect(answer.headers.get('content-type'), route).toContain('application/json')
    expect(await answer.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringContaining(suggestion) },
    })
  }
  const refused = await call(context, '/v1/chat/completions')
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST'])
}
