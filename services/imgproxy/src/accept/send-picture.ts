import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import type { Log } from '@sluice/kernel/log'

import type { PictureResponse } from '../picture.ts'

/** The connection is closed after this time without progress; the client can resume with `Range`. */
const STALL_MS_MAX = 60_000

/** Writes the response with backpressure from the blob store. Stops when the client disconnects. */
export async function sendPicture(
  { log }: { log: Log },
  { outgoing, response }: { outgoing: ServerResponse; response: PictureResponse },
): Promise<void> {
  outgoing.writeHead(response.status, response.headers)
  const { body } = response
  if (body === undefined) return void outgoing.end()
  if (body instanceof Uint8Array) return void outgoing.end(body)
  outgoing.setTimeout(STALL_MS_MAX, () => outgoing.destroy())
  try {
    await pipeline(body, outgoing)
  } catch (err) {
    // The status is already sent, so the error can only be signalled by closing the connection.
    if (!outgoing.closed) outgoing.destroy()
    log.debug({ err }, 'picture was not read to its end')
  }
}
