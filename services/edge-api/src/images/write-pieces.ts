import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import type { BlobStore } from '@sluice/blobs/blob-store'
import { AppError } from '@sluice/kernel/app-error'
import type { AnswerPiece } from '@sluice/protocol/images/answer-piece'

/** A reader who takes nothing for so long is cut off. */
export const STALL_MS_MAX = 60_000

export interface PieceWriter {
  blobs: Pick<BlobStore, 'open'>
  outgoing: ServerResponse
}

/**
 * Writes an answer piece by piece, stored pictures as base64, at the pace of its reader: whatever the size
 * of the pictures, a few chunks of them stand in memory. Rejects with `caller_gone` when the reader has
 * left or stalls, and with `internal_error` when a picture is not there.
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
  if (!blob) throw new AppError('internal_error', 'A stored picture is not there.')
  try {
    // Three bytes are four characters: what does not fill three waits for the next chunk.
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

/** Waits until the reader has taken what was written. */
async function drained(outgoing: ServerResponse): Promise<void> {
  const left = new AbortController()
  const leave = () => left.abort()
  outgoing.once('close', leave)
  // Nobody listens for it, so Node cuts the connection when it has been still for so long.
  outgoing.setTimeout(STALL_MS_MAX)
  try {
    await once(outgoing, 'drain', { signal: left.signal })
  } catch (cause) {
    throw callerGone(cause)
  } finally {
    outgoing.off('close', leave)
    outgoing.setTimeout(0)
  }
}

export const callerGone = (cause?: unknown): AppError =>
  new AppError('caller_gone', 'The caller left before the answer was written.', { cause })

/** How many bytes pieces are on the wire, when the sizes of their pictures are known. */
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
