import { isEncoded, decodeChunks } from '@sluice/egress/decode-chunks'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { Dispatcher } from 'undici'
import { Readable } from 'node:stream'

import { classifyAnswer } from './classify-failure.ts'
import { classifySocketError } from './classify-socket-error.ts'
import { hideSecret, readErrorBody } from './error-body.ts'
import { failureOf } from './failure-treatments.ts'
import type { AnswerHeaders } from './rate-limit-headers.ts'
import { one } from './rate-limit-headers.ts'
import { UpstreamError } from './upstream-error.ts'

export interface CallDeps {
  dispatcher: Dispatcher
  clock: Clock
}

export interface Call {
  origin: string
  path: string
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body: string | Readable | null
  /** The upstream's name of the model that is called; undefined for calls without one. */
  model?: string | undefined
  signal: AbortSignal
}

/** A 2xx response with an unread body. Read the body to its end, or end its iteration early. */
export interface SentAnswer {
  status: number
  headers: AnswerHeaders
  /** With the content encoding removed. */
  body: Readable
}

const ERROR_BYTES_MAX = 64 * 1024
/** The status is sufficient for the classification, so an error body is read for a limited time. */
const ERROR_BODY_MS_MAX = 5_000

/**
 * Sends a call and waits for the response headers. Has no timeout; the signal carries the deadline. Throws an
 * UpstreamError for everything but a 2xx response.
 */
export async function sendCall({ dispatcher, clock }: CallDeps, call: Call): Promise<SentAnswer> {
  const { signal, model, ...request } = call
  throwIfAborted(signal, { sent: false })
  const answer = await dispatcher.request({ ...request, signal }).catch((error: unknown) => {
    throw socketFailure(error, { signal, headersSeen: false })
  })
  const { statusCode: status, headers } = answer
  const body = plainBody(answer)
  if (status >= 200 && status < 300) return { status, headers, body }
  const cancel = clock.after(ERROR_BODY_MS_MAX, () => body.destroy())
  const errorText = await readErrorText({ body, signal }).finally(cancel)
  const text = hideSecret(errorText, secretsOf(call))
  const nowMs = clock.nowMs()
  throw new UpstreamError(
    classifyAnswer({ status, headers, body: readErrorBody(text), nowMs, model }),
  )
}

/**
 * Streams the bytes of a response, up to a limit. Throws an UpstreamError for an invalid or incomplete body.
 */
export async function* readChunks(
  { body, status }: Pick<SentAnswer, 'body' | 'status'>,
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  let total = 0
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        // Invalid compressed data.
        const isDamaged = isAppError(error, 'upstream_failed') && !signal.aborted
        if (isDamaged) throw new UpstreamError(failureOf('answer-broken', { status }), error)
        throw socketFailure(error, { signal, headersSeen: true })
      })
      if (next.done) return
      const chunk: Uint8Array = next.value
      total += chunk.byteLength
      if (total > bytesMax) throw new UpstreamError(failureOf('answer-too-large', { status }))
      yield chunk
    }
  } finally {
    body.destroy()
  }
}

/** Reads a response as text, up to a limit. Throws an UpstreamError for an invalid or incomplete body. */
export async function readText(
  answer: Pick<SentAnswer, 'body' | 'status'>,
  options: { bytesMax: number; signal: AbortSignal },
): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readChunks(answer, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Throws the UpstreamError of an aborted call when the signal has aborted. */
export function throwIfAborted(signal: AbortSignal, { sent }: { sent: boolean }): void {
  if (!signal.aborted) return
  throw new UpstreamError(failureOf('aborted', { mayHaveProduced: sent }), signal.reason)
}

function socketFailure(
  error: unknown,
  { signal, headersSeen }: { signal: AbortSignal; headersSeen: boolean },
): UpstreamError {
  if (signal.aborted) return new UpstreamError(failureOf('aborted'), signal.reason)
  return new UpstreamError(classifySocketError(error, { headersSeen }), error)
}

function secretsOf({ headers }: Call): string[] {
  const secret = headers['authorization']?.replace(/^Bearer /, '') ?? ''
  return [secret, headers['openai-organization'] ?? '', headers['openai-project'] ?? '']
}

/** The decompressed body: some upstreams compress although `identity` is requested. */
function plainBody({ headers, body }: Dispatcher.ResponseData): Readable {
  body.on('error', ignoreLateError)
  const contentEncoding = one(headers['content-encoding'])
  if (!isEncoded(contentEncoding)) return body
  const plain = Readable.from(decodeChunks(body, { contentEncoding }), { objectMode: false })
  plain.on('error', ignoreLateError)
  // If reading never begins, only this releases the socket.
  plain.once('close', () => body.destroy())
  return plain
}

// A partial error body is sufficient.
async function readErrorText({
  body,
  signal,
}: {
  body: Readable
  signal: AbortSignal
}): Promise<string> {
  const chunks: Uint8Array[] = []
  let total = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      total += chunk.byteLength
      if (total > ERROR_BYTES_MAX) break
    }
  } catch {
    throwIfAborted(signal, { sent: true })
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES_MAX).toString('utf8')
}

// An unread body emits an error when destroyed; the call has ended by then.
function ignoreLateError(): void {}
