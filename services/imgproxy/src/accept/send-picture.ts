import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import type { Log } from '@sluice/kernel/log'

import type { PictureAnswer } from '../picture.ts'

/** A reader who takes nothing for so long is cut off; they can come back with `Range`. */
const STALL_MS_MAX = 60_000

/** Writes an answer to Node's response. A slow reader slows the blob store; one who left ends it. */
export async function sendPicture(
  { log }: { log: Log },
  { outgoing, answer }: { outgoing: ServerResponse; answer: PictureAnswer },
): Promise<void> {
  outgoing.writeHead(answer.status, answer.headers)
  const { body } = answer
  if (body === undefined) return void outgoing.end()
  if (body instanceof Uint8Array) return void outgoing.end(body)
  outgoing.setTimeout(STALL_MS_MAX, () => outgoing.destroy())
  try {
    await pipeline(body, outgoing)
  } catch (err) {
    // The status has left: all that can be said now is to cut, and pipeline has done so.
    if (!outgoing.closed) outgoing.destroy()
    log.debug({ err }, 'picture was not read to its end')
  }
}
