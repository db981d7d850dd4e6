import type { Readable } from 'node:stream'

import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

/** Who sends nothing for so long has read the answer, or never will. */
const QUIET_MS_MAX = 1_000
const QUIETS_MAX = 10
/** More than the largest body that we take. */
const DRAIN_BYTES_MAX = 128 * 1024 * 1024

/**
 * Reads and forgets what is still to come of a request that is answered already. To close a socket on which
 * bytes arrive is to reset it, and a reset overtakes the answer: the caller would see a broken connection and
 * not why they were refused (RFC 9112 §9.6). Resolves when the request is over, when it is quiet, or after ten
 * seconds or 128 MiB; then nothing speaks against closing. Never rejects.
 */
export function drainRequest(
  incoming: Readable & { readonly complete: boolean },
  { clock }: { clock: Clock } = { clock: systemClock },
): Promise<void> {
  return new Promise((resolve) => {
    let [bytes, bytesBefore, looks] = [0, 0, 0]
    const end = () => {
      stop()
      incoming.off('data', count)
      resolve()
    }
    const count = (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > DRAIN_BYTES_MAX) end()
    }
    const stop = clock.every(QUIET_MS_MAX, () => {
      looks += 1
      if (bytes === bytesBefore || looks >= QUIETS_MAX) end()
      bytesBefore = bytes
    })
    incoming.on('data', count)
    incoming.on('end', end)
    incoming.on('close', end)
    if (incoming.complete || incoming.destroyed) end()
  })
}
