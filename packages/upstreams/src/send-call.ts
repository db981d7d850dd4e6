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

/** An answer of the 200s whose body is not read yet. Read it to its end, or leave its iteration early. */
export interface SentAnswer {
  status: number
  headers: AnswerHeaders
  /** Without the content encoding that it came in. */
  body: Readable
}

const ERROR_BYTES_MAX = 64 * 1024
/** The status says the most; nobody waits long for the words. */
const ERROR_BODY_MS_MAX = 5_000

/**
 * Sends a call and waits for the answer's headers. Has no timeout of its own: the signal carries the
 * deadline. Throws an UpstreamError for everything but an answer of the 200s.
 */
export async function sendCall({ dispatcher, clock }: CallDeps, call: Call): Promise<SentAnswer> {
  const { signal, model, ...request } = call
  refuseAborted(signal, { sent: false })
  const answer = await dispatcher.request({ ...request, signal }).catch((error: unknown) => {
    throw socketFailure(error, { signal, headersSeen: false })
  })
  const { statusCode: status, headers } = answer
  const body = plainBody(answer)
  if (status >= 200 && status < 300) return { status, headers, body }
  const hurry = clock.after(ERROR_BODY_MS_MAX, () => body.destroy())
  const told = await readErrorText({ body, signal }).finally(hurry)
  const text = hideSecret(told, secretsOf(call))
  const nowMs = clock.nowMs()
  throw new UpstreamError(
    classifyAnswer({ status, headers, body: readErrorBody(text), nowMs, model }),
  )
}

/** The bytes of an answer as they come, up to a cap. Throws an UpstreamError when they end badly. */
export async function* readChunks(
  { body, status }: Pick<SentAnswer, 'body' | 'status'>,
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  let total = 0
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        // What it was packed in cannot be read.
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

/** All bytes of an answer as text, up to a cap. Throws an UpstreamError when they end badly. */
export async function readText(
  answer: Pick<SentAnswer, 'body' | 'status'>,
  options: { bytesMax: number; signal: AbortSignal },
): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readChunks(answer, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Throws the UpstreamError of an aborted call when the signal has aborted. */
export function refuseAborted(signal: AbortSignal, { sent }: { sent: boolean }): void {
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

/** The body as the upstream meant it: some pack it although we ask for `identity`. */
function plainBody({ headers, body }: Dispatcher.ResponseData): Readable {
  body.on('error', ignoreLateError)
  const contentEncoding = one(headers['content-encoding'])
  if (!isEncoded(contentEncoding)) return body
  const plain = Readable.from(decodeChunks(body, { contentEncoding }), { objectMode: false })
  plain.on('error', ignoreLateError)
  // Reading may never begin, and then nothing else ends the socket.
  plain.once('close', () => body.destroy())
  return plain
}

// What was read of an error's body is enough, also when the rest never comes.
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
    refuseAborted(signal, { sent: true })
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES_MAX).toString('utf8')
}

// A body that is left unread reports its own destruction; the call is decided by then.
function ignoreLateError(): void {}
