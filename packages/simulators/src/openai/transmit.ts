import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { systemClock } from '@sluice/kernel/clock'

import type { Answer } from './answer.ts'
import { envelope, json } from './answer.ts'
import type { Behaviour } from './fault.ts'

export type Transmitted = 'answered' | 'client-gone' | 'cut' | 'reset'

interface Transmission {
  response: ServerResponse
  answer: Answer
  behaviour: Behaviour
  /** Pause between the blocks of a stream. */
  gapMs: number
  /** Aborts when the client disconnects or the simulator closes. */
  signal: AbortSignal
}

/** Applies faults that replace the whole response. */
export function replaced(answer: Answer, behaviour: Behaviour): Answer {
  if (behaviour.kind === 'status') return scripted(behaviour)
  if (behaviour.kind === 'raw')
    return { status: behaviour.status, headers: behaviour.headers, blocks: bytesOf(behaviour) }
  if (behaviour.kind === 'empty') return raw('', 'application/json')
  if (behaviour.kind === 'html') return raw('<html><body>Welcome</body></html>', 'text/html')
  const streams = answer.headers['content-type']?.startsWith('text/event-stream')
  if (behaviour.kind === 'malformed' && !streams)
    return raw('{"created": 1, "data": [', 'application/json')
  return answer
}

/** Writes a response according to the fault; returns how it ended. */
export async function transmit({
  response,
  answer,
  behaviour,
  gapMs,
  signal,
}: Transmission): Promise<Transmitted> {
  if (behaviour.kind === 'reset' && behaviour.afterBytes === undefined)
    return end(response, 'reset')
  if (behaviour.kind === 'hang' && behaviour.at === 'request')
    return await untilDisconnected(signal)
  response.writeHead(answer.status, answer.headers)
  response.flushHeaders()
  if (behaviour.kind === 'hang' && behaviour.at === 'headers')
    return await untilDisconnected(signal)
  const limit = limitOf(behaviour, answer)
  let sent = 0
  for (const block of piecesOf(answer, behaviour)) {
    if (signal.aborted) return 'client-gone'
    const piece = block.subarray(0, limit - sent)
    sent += piece.byteLength
    if (!(await written(response, { piece, signal }))) return 'client-gone'
    if (sent >= limit)
      return behaviour.kind === 'hang'
        ? await untilDisconnected(signal)
        : await broken(response, brokenBy(behaviour))
    const pauseMs = pauseOf(behaviour, gapMs)
    if (pauseMs > 0 && !(await paused(pauseMs, signal))) return 'client-gone'
  }
  const ending = behaviour.kind === 'raw' ? behaviour.ending : 'end'
  if (ending === 'hang') return await untilDisconnected(signal)
  if (ending !== 'end') return await broken(response, ending)
  response.end()
  await Promise.race([once(response, 'close'), once(response, 'finish')])
  return response.writableFinished ? 'answered' : 'client-gone'
}

function limitOf(behaviour: Behaviour, { blocks }: Answer): number {
  const total = blocks.reduce((sum, block) => sum + block.byteLength, 0)
  if (behaviour.kind === 'cut') return behaviour.afterBytes
  if (behaviour.kind === 'reset') return behaviour.afterBytes ?? 0
  return behaviour.kind === 'hang' ? total >> 1 : Number.POSITIVE_INFINITY
}

function pauseOf(behaviour: Behaviour, gapMs: number): number {
  if (behaviour.kind === 'drip') return behaviour.everyMs
  return behaviour.kind === 'raw' ? behaviour.gapMs : gapMs
}

function brokenBy(behaviour: Behaviour): 'cut' | 'reset' {
  return behaviour.kind === 'reset' ? 'reset' : 'cut'
}

function bytesOf({ chunks }: Extract<Behaviour, { kind: 'raw' }>): Buffer[] {
  return chunks.map((one) =>
    typeof one === 'string' ? Buffer.from(one) : Buffer.from(one.base64, 'base64'),
  )
}

function* piecesOf({ blocks }: Answer, behaviour: Behaviour): Generator<Buffer> {
  if (behaviour.kind !== 'drip') return yield* blocks
  const all = Buffer.concat(blocks)
  for (let at = 0; at < all.byteLength; at += behaviour.bytes)
    yield all.subarray(at, at + behaviour.bytes)
}

async function written(
  response: ServerResponse,
  { piece, signal }: { piece: Buffer; signal: AbortSignal },
): Promise<boolean> {
  if (response.write(piece)) return true
  try {
    await once(response, 'drain', { signal })
    return true
  } catch {
    // The signal aborted or the socket broke: the client has disconnected in both cases.
    return false
  }
}

async function paused(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await systemClock.sleep(ms, signal)
    return true
  } catch {
    return false
  }
}

// Flushes the bytes written so far before the connection is closed.
async function broken(response: ServerResponse, how: 'cut' | 'reset'): Promise<Transmitted> {
  await new Promise<void>((resolve) => response.write('', () => resolve()))
  return end(response, how)
}

function end(response: ServerResponse, how: 'cut' | 'reset'): Transmitted {
  if (how === 'reset') response.socket?.resetAndDestroy()
  else response.socket?.destroySoon()
  return how
}

async function untilDisconnected(signal: AbortSignal): Promise<Transmitted> {
  if (!signal.aborted) await once(signal, 'abort')
  return 'client-gone'
}

function scripted(behaviour: Extract<Behaviour, { kind: 'status' }>): Answer {
  const { status, code, type, message, headers, body } = behaviour
  const answer =
    typeof body === 'string'
      ? raw(body, 'text/html', status)
      : json(body ?? envelope({ message, type, code }), status)
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

function raw(text: string, type: string, status = 200): Answer {
  const body = Buffer.from(text)
  const headers = { 'content-type': type, 'content-length': `${body.byteLength}` }
  return { status, headers, blocks: [body] }
}
