import type { ServerResponse } from 'node:http'

import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Clock } from '@sluice/kernel/clock'
import type { AnswerPiece } from '@sluice/protocol/images/answer-piece'
import { SSE_CONTENT_TYPE, SSE_KEEP_ALIVE } from '@sluice/protocol/sse'

import { writePieces } from './write-pieces.ts'

/** Below the idle timeouts of all known clients and proxies. */
export const KEEP_ALIVE_MS = 10_000

export interface SseStream {
  /** Writes whole events, in order, with backpressure. Rejects with `caller_gone`. */
  send(pieces: readonly AnswerPiece[]): Promise<void>
  end(): void
}

/** Starts an event stream: sends headers at once, and a comment after every ten seconds of silence. */
export function openSse(
  { clock, blobs }: { clock: Clock; blobs: BlobStore },
  outgoing: ServerResponse,
): SseStream {
  let sending = 0
  let last: Promise<void> = Promise.resolve()
  outgoing.writeHead(200, {
    'content-type': SSE_CONTENT_TYPE,
    'cache-control': 'no-cache, no-transform',
    // Otherwise nginx holds events back until its buffer is full.
    'x-accel-buffering': 'no',
  })
  outgoing.flushHeaders()
  // A comment must not be written in the middle of an event.
  const stop = clock.every(KEEP_ALIVE_MS, () => {
    if (sending === 0 && outgoing.writable) outgoing.write(SSE_KEEP_ALIVE)
  })
  outgoing.once('close', stop)

  return {
    send: (pieces) => {
      sending += 1
      const sent = last
        .then(() => writePieces({ blobs, outgoing }, pieces))
        .finally(() => (sending -= 1))
      last = sent.catch(() => undefined)
      return sent
    },
    end: () => {
      stop()
      outgoing.end()
    },
  }
}
