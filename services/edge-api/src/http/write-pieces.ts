import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import type { BlobStore } from '@sluice/blobs/blob-store'
import { AppError } from '@sluice/kernel/app-error'
import type { AnswerPiece } from '@sluice/protocol/images/answer-piece'

/** A connection whose reader takes nothing for this long is closed. */
export const STALL_MS_MAX = 60_000

export interface PieceWriter {
  blobs: Pick<BlobStore, 'open'>
  outgoing: ServerResponse
}

/**
 * Writes a response piece by piece, stored pictures as base64, with backpressure: only a few chunks of a
 * picture are in memory at once. Rejects with `caller_gone` when the reader has disconnected or stalls, and
 * with `internal_error` when a picture is missing.
 */
export async function writePieces(
  { blobs, outgoing }: PieceWriter,
  pieces: readonly AnswerPiece[],
): Promise<void> {
  for (const piece of pieces) {
    if ('text' in piece) await write(outgoing, piece.text)
    else await writeBase64({ blobs, outgoing }, piece.base64Of)
  }
}

async function writeBase64({ blobs, outgoing }: PieceWriter, key: string): Promise<void> {
  const blob = await blobs.open(key)
  if (!blob) throw new AppError('internal_error', 'A stored picture is missing.')
  try {
    // Three bytes are four characters: an incomplete group waits for the next chunk.
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of blob.stream) {
      const bytes = Buffer.concat([rest, chunk as Buffer])
      const whole = bytes.length - (bytes.length % 3)
      rest = bytes.subarray(whole)
      if (whole > 0) await write(outgoing, bytes.toString('base64', 0, whole))
    }
    if (rest.length > 0) await write(outgoing, rest.toString('base64'))
  } finally {
    blob.stream.destroy()
  }
}

async function write(outgoing: ServerResponse, text: string): Promise<void> {
  if (outgoing.destroyed || outgoing.closed) throw callerGone()
  if (outgoing.write(text, 'utf8')) return
  await drained(outgoing)
}

/** Waits until the socket's buffer has drained. */
async function drained(outgoing: ServerResponse): Promise<void> {
  const disconnected = new AbortController()
  const abort = () => disconnected.abort()
  outgoing.once('close', abort)
  // The `timeout` event has no listener, so Node closes the connection after this idle time.
  outgoing.setTimeout(STALL_MS_MAX)
  try {
    await once(outgoing, 'drain', { signal: disconnected.signal })
  } catch (cause) {
    throw callerGone(cause)
  } finally {
    outgoing.off('close', abort)
    outgoing.setTimeout(0)
  }
}

export const callerGone = (cause?: unknown): AppError =>
  new AppError('caller_gone', 'The caller left before the answer was written.', { cause })

/** The length of pieces in bytes, given the sizes of their pictures. */
export function lengthOfPieces(
  pieces: readonly AnswerPiece[],
  bytesOf: (blobKey: string) => number,
): number {
  return pieces.reduce(
    (total, piece) =>
      total +
      ('text' in piece
        ? Buffer.byteLength(piece.text)
        : Math.ceil(bytesOf(piece.base64Of) / 3) * 4),
    0,
  )
}
