import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const MIB = 1024 * 1024

export interface AttackTarget {
  baseUrl: string
  /** An API key whose wallet has credits, and one whose wallet has none. */
  payingKey: string
  keyWithoutCredits: string
}

/** The size of an attack; tests use small ones, the bench those that had a measurable effect. */
export interface AttackSize {
  /** Bytes of one large body. */
  bodyBytes: number
  /** The number of concurrent requests or connections. */
  atOnce: number
}

/**
 * One wave of an attack. Resolves with the count of each status; 0 is a connection closed without an answer.
 */
export type Attack = (target: AttackTarget, size: AttackSize) => Promise<Record<number, number>>

/** Attacks from one address, unauthenticated or with a key without credits. */
export const attacks = {
  'large sign-in bodies': (target, { atOnce, bodyBytes }) => {
    const body = JSON.stringify({ email: 'a@b.test', password: 'x'.repeat(bodyBytes) })
    return wave(atOnce, () => postTo(target, { path: '/api/auth/login', body }))
  },
  'wrong passwords': (target, { atOnce }) =>
    wave(atOnce, (n) => {
      const body = JSON.stringify({ email: `a${n % 7}@b.test`, password: `wrong password ${n}` })
      return postTo(target, { path: '/api/auth/login', body })
    }),
  'millions of empty objects to the image route': (target, size) => objects(target, size, false),
  'millions of empty objects to chat': (target, size) => objects(target, size, true),
  'large bodies without credits': (target, { atOnce, bodyBytes }) =>
    wave(atOnce, () =>
      unfinished(target, {
        key: target.keyWithoutCredits,
        path: '/v1/images/edits',
        type: 'multipart/form-data; boundary=b',
        sent: Buffer.alloc(bodyBytes, 0x20),
      }),
    ),
  'wrong API keys': (target, { atOnce }) =>
    wave(atOnce, (n) => postTo(target, { path: '/v1/chat/completions', key: `sk-wrong-${n}` })),
  'silent connections': async ({ baseUrl }, { atOnce }) => {
    const { hostname, port } = new URL(baseUrl)
    const sockets: Socket[] = []
    for (let n = 0; n < atOnce; n += 1) {
      const socket = connect({ host: hostname, port: Number(port) })
      socket.on('error', () => undefined)
      sockets.push(socket)
      await once(socket, 'connect').catch(() => undefined)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
    const closed = sockets.filter((socket) => socket.closed).length
    for (const socket of sockets) socket.destroy()
    return { 0: closed }
  },
} satisfies Record<string, Attack>

export type AttackName = keyof typeof attacks
export const attackNames = Object.keys(attacks) as AttackName[]

/** Incomplete bodies of a paying key, held open until the returned function is called. */
export async function holdBodies(
  target: AttackTarget,
  { atOnce, bodyBytes }: AttackSize,
): Promise<() => void> {
  const sent = Buffer.alloc(bodyBytes, 0x20)
  const sockets = Array.from({ length: atOnce }, () =>
    begin(target, { key: target.payingKey, path: '/v1/images/generations', sent }),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => undefined)))
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}

function objects(target: AttackTarget, { atOnce, bodyBytes }: AttackSize, isChat: boolean) {
  const filler = '{},'.repeat(Math.floor(bodyBytes / 3))
  const body = `{"model":"gpt-image-2","prompt":"a fox","messages":[${filler}{}],"n":1}`
  const path = isChat ? '/v1/chat/completions' : '/v1/images/generations'
  return wave(atOnce, () => postTo(target, { path, body, key: target.payingKey }))
}

async function wave(atOnce: number, send: (n: number) => Promise<number>) {
  const statuses = await Promise.all(Array.from({ length: atOnce }, (_, n) => send(n)))
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

async function postTo(
  { baseUrl }: AttackTarget,
  { path, body = '{}', key }: { path: string; body?: string; key?: string },
): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  }
  try {
    const answer = await fetch(`${baseUrl}${path}`, { method: 'POST', body, headers })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    // The server closed the connection before it had read the whole body.
    return 0
  }
}

interface Unfinished {
  key: string
  path: string
  type?: string
  sent: Buffer
}

/** Sends less than the announced body, and waits for the refusal. */
async function unfinished(target: AttackTarget, spec: Unfinished): Promise<number> {
  const socket = begin(target, spec)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  await once(socket, 'close')
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0)
}

function begin({ baseUrl }: AttackTarget, { key, path, type, sent }: Unfinished): Socket {
  const { hostname, port } = new URL(baseUrl)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: a',
    `authorization: Bearer ${key}`,
    `content-type: ${type ?? 'application/json'}`,
    `content-length: ${19 * MIB}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  socket.write(sent)
  return socket
}
