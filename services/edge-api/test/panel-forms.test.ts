import { once } from 'node:events'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { expect, onTestFinished, test, vi } from 'vitest'

import type { StartedGateway } from './identity/gateway.ts'
import { cookieOf, startGateway, PASSWORD } from './identity/gateway.ts'

const KIB = 1024
const MULTIPART = 'multipart/form-data; boundary=b'

interface ReceivedForm {
  url: string | undefined
  headers: IncomingHttpHeaders
  body: string
}

/** A gateway in front of a panel that records every form it receives. */
async function open() {
  const received: ReceivedForm[] = []
  const answer: RequestListener = async ({ url, headers }, outgoing) => {
    received.push({ url, headers, body: await text(outgoing.req) })
    outgoing.end('the page')
  }
  const panel = createServer(answer).listen(0, '127.0.0.1')
  await once(panel, 'listening')
  const { port } = panel.address() as AddressInfo
  const gateway = await startGateway({ config: { dashboardUrl: `http://127.0.0.1:${port}` } })
  onTestFinished(async () => {
    await gateway.close()
    panel.close()
    panel.closeAllConnections()
  })
  return { ...gateway, received }
}

type PanelGateway = Awaited<ReturnType<typeof open>>

interface PartialForm {
  path: string
  length: number
  sent: number
  cookie?: string
  type?: string
  from?: string
}

/** Sends the head of a same-origin form and the first bytes of its body. */
async function begin({ port, url }: StartedGateway, form: PartialForm) {
  const { path, length, sent, cookie = '', type = MULTIPART, from = '127.0.0.1' } = form
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: a',
    `origin: ${url}`,
    `cookie: ${cookie}`,
    `content-type: ${type}`,
    `content-length: ${length}`,
    '\r\n',
  ]
  socket.write(head.join('\r\n'))
  socket.write(Buffer.alloc(sent, 0x61))
  return { socket, received: () => received }
}

async function usedBytes({ deps }: PanelGateway): Promise<number> {
  const { body } = await deps.metrics.render()
  return Number(/^sluice_edge_form_bytes(?:\{[^}]*\})? (\d+)$/m.exec(body)?.[1])
}

const refusedWith = (status: number) => new RegExp(`^HTTP/1\\.1 ${status} `)

test('unfinished forms of one user use up only that user’s memory limit and never reach the panel', async () => {
  const gateway = await open()
  const { cookie = '' } = cookieOf(await gateway.signIn())
  const { cookie: other = '' } = cookieOf(await gateway.signIn('root@b.test'))
  const edit = { path: '/studio', length: 512 * KIB, sent: 511 * KIB, cookie }
  const begun = await Promise.all(Array.from({ length: 8 }, () => begin(gateway, edit)))
  await vi.waitFor(async () => expect(await usedBytes(gateway)).toBe(8 * 511 * KIB))
  const ninth = await begin(gateway, edit)
  await vi.waitFor(() => expect(ninth.received()).toMatch(refusedWith(429)))
  expect(ninth.received()).toContain('rate_limit_exceeded')
  expect(gateway.received).toEqual([])

  const otherForm = await begin(gateway, {
    ...edit,
    cookie: other,
    length: 512 * KIB,
    sent: 512 * KIB,
  })
  await vi.waitFor(() => expect(otherForm.received()).toMatch(refusedWith(200)))
  expect(gateway.received).toMatchObject([{ url: '/studio', body: 'a'.repeat(512 * KIB) }])
  for (const { socket } of begun) socket.destroy()
  await vi.waitFor(async () => expect(await usedBytes(gateway)).toBe(0))
})

test('the body of a form without a session is not read, and the panel answers at once', async () => {
  const gateway = await open()
  const form = { path: '/studio', length: 500 * KIB, sent: 0 }
  for (const cookie of ['', '__Host-sluice_session=sct.wrong']) {
    const anonymous = await begin(gateway, { ...form, cookie })
    await vi.waitFor(() => expect(anonymous.received()).toContain('the page'))
  }
  expect(gateway.received.map(({ body, headers }) => [body, headers['content-length']])).toEqual([
    ['', '0'],
    ['', '0'],
  ])
})

test.each(['/login', '/register'])(
  'a form of %s above 16 KiB is refused unread, and counts against its address',
  async (path) => {
    const gateway = await open()
    const large = { path, length: 17 * KIB, sent: 0, from: '127.0.0.7' }
    const statuses: string[] = []
    for (let n = 0; n < 62; n += 1) {
      const { socket, received } = await begin(gateway, large)
      await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 4\d\d /))
      statuses.push(received().slice(9, 12))
      socket.destroy()
    }
    expect(new Set(statuses.slice(0, 60))).toEqual(new Set(['413']))
    expect(statuses.at(-1)).toBe('429')
    expect(gateway.received).toEqual([])
    const elsewhere = await begin(gateway, { ...large, length: 10, sent: 10, from: '127.0.0.8' })
    await vi.waitFor(() => expect(elsewhere.received()).toMatch(refusedWith(200)))
  },
)

test('well-formed sign-in forms do not count against their address', async () => {
  const gateway = await open()
  const type = 'application/x-www-form-urlencoded'
  for (let n = 0; n < 80; n += 1) {
    const { socket, received } = await begin(gateway, { path: '/login', length: 9, sent: 9, type })
    await vi.waitFor(() => expect(received()).toMatch(refusedWith(200)))
    socket.destroy()
  }
})

test('stalled sign-in forms use up the memory limit of their address only', async () => {
  const gateway = await open()
  const form = { path: '/login', length: 16 * KIB, sent: 15 * KIB }
  const flood = await Promise.all(Array.from({ length: 40 }, () => begin(gateway, form)))
  const refused = () => flood.filter(({ received }) => refusedWith(429).test(received())).length
  await vi.waitFor(() => expect(refused()).toBeGreaterThan(0))
  expect(await usedBytes(gateway)).toBeLessThanOrEqual(512 * KIB)
  const elsewhere = await begin(gateway, { ...form, sent: 16 * KIB, from: '127.0.0.9' })
  await vi.waitFor(() => expect(elsewhere.received()).toMatch(refusedWith(200)))
})

test('a stalled form ends with 408 and releases its memory', async () => {
  const gateway = await open()
  const { cookie = '' } = cookieOf(await gateway.signIn('ada@b.test', PASSWORD))
  const { received } = await begin(gateway, { path: '/keys', length: 99_999, sent: 50_000, cookie })
  await vi.waitFor(async () => expect(await usedBytes(gateway)).toBe(50_000))
  for (let second = 0; second < 15; second += 1) await gateway.clock.advance(1_000)
  await vi.waitFor(() => expect(received()).toMatch(refusedWith(408)))
  expect(await usedBytes(gateway)).toBe(0)
  expect(gateway.received).toEqual([])
})

test.each([
  ['of unknown length', '413', { 'transfer-encoding': 'chunked' }],
  ['of another content type', '415', { 'content-type': 'image/png', 'content-length': '5' }],
  ['that is compressed', '415', { 'content-encoding': 'gzip', 'content-length': '5' }],
] as [string, string, Record<string, string>][])(
  'a form %s is refused with %s',
  async (_name, status, headers) => {
    const gateway = await open()
    const { cookie = '' } = cookieOf(await gateway.signIn())
    const socket = connect({ port: gateway.port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    let received = ''
    socket.on('data', (chunk) => (received += chunk.toString()))
    const lines = Object.entries({
      host: 'a',
      origin: gateway.url,
      cookie,
      'content-type': MULTIPART,
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST /keys HTTP/1.1\r\n${lines.join('')}\r\n`)
    await vi.waitFor(() => expect(received.slice(9, 12)).toBe(status))
    expect(gateway.received).toEqual([])
  },
)
