import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { cookieOf, sendLogin, visit } from './visit.ts'

const KIB = 1024
const ADMIN = { email: ADMIN_EMAIL, password: PASSWORD }

interface FormInput {
  path: string
  headers: Record<string, string>
  length: number
  sent: Buffer
  from?: string
}

interface Form {
  socket: Socket
  /** The status of its answer; undefined before the answer. */
  status(): number | undefined
}

/** Sends the headers of a form and the first bytes of its body. */
async function begin({ running }: Context, input: FormInput): Promise<Form> {
  const { path, headers, length, sent, from = '127.0.0.1' } = input
  const { hostname, port, origin } = new URL(running.baseUrl)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const lines = Object.entries({
    host: `${hostname}:${port}`,
    origin,
    'content-type': 'multipart/form-data; boundary=b',
    'content-length': String(length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  socket.write(sent)
  const status = () => {
    const digits = /^HTTP\/1\.1 (\d{3})/.exec(received)?.[1]
    return digits === undefined ? undefined : Number(digits)
  }
  return { socket, status }
}

const whenAnswered = (form: Form) => eventually(async () => form.status())

/** Incomplete forms are limited to the sender's share of memory; other callers are served. */
export async function unfinishedForms(context: Context): Promise<void> {
  const { running } = context
  const cookie = cookieOf(await sendLogin(running, ADMIN, { from: '127.0.0.20' }))
  const form = {
    path: '/studio',
    headers: { cookie },
    length: 512 * KIB,
    sent: Buffer.alloc(511 * KIB, 'a'),
  }
  // Eight fit into the share; which of the nine is refused depends on the order of arrival.
  const begun = await Promise.all(Array.from({ length: 9 }, () => begin(context, form)))
  await eventually(async () => begun.find((one) => one.status() === 429))
  expect(begun.filter((one) => one.status() !== undefined)).toHaveLength(1)
  // Without a session the body is not read.
  const anonymous = await begin(context, { ...form, headers: {}, sent: Buffer.alloc(0) })
  expect(await whenAnswered(anonymous)).toBe(405)
  const login = { ...form, path: '/login', headers: {}, length: 17 * KIB, sent: Buffer.alloc(0) }
  const large = await begin(context, { ...login, from: '127.0.0.21' })
  expect(await whenAnswered(large)).toBe(413)
  expect((await visit(running, '/account', { headers: { cookie } })).status).toBe(200)
  for (const { socket } of [...begun, anonymous, large]) socket.destroy()
  expect((await sendLogin(running, ADMIN, { from: '127.0.0.22' })).status).toBe(303)
}

/** Eight edits with pictures by a user without credits are refused before anything is stored. */
export async function unfinishedEdits(context: Context): Promise<void> {
  const email = 'no-credits@matrix.test'
  const admin = await must<{ access_token: string }>(context, 'login', {
    as: undefined,
    input: { body: ADMIN },
  })
  await must(context, 'createUser', {
    as: admin.access_token,
    input: { body: { email, password: PASSWORD } },
  })
  const cookie = cookieOf(await sendLogin(context.running, { email, password: PASSWORD }))
  const head = [
    '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ngpt-image-2\r\n',
    '--b\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n',
    'content-type: image/png\r\n\r\n',
  ]
  const edit = {
    path: '/api/user/images',
    headers: { cookie },
    length: 90 * KIB * KIB,
    sent: Buffer.concat([Buffer.from(head.join('')), Buffer.alloc(512 * KIB, 'a')]),
  }
  const begun = await Promise.all(Array.from({ length: 8 }, () => begin(context, edit)))
  expect(await Promise.all(begun.map(whenAnswered))).toEqual(begun.map(() => 402))
  for (const { socket } of begun) socket.destroy()
}
