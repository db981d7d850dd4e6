import type { Readable } from 'node:stream'

import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

/** A caller who sends nothing for this long has read the response, or never will. */
const IDLE_MS_MAX = 1_000
const CHECKS_MAX = 10
/** More than the largest accepted body. */
const DRAIN_BYTES_MAX = 128 * 1024 * 1024

/**
 * Reads and discards the rest of a request that is already answered. Closing a socket while bytes arrive
 * resets the connection, and the reset can discard the response before the caller reads it (RFC 9112 §9.6).
 * Resolves when the request ends, when no bytes arrive for a second, or after ten seconds or 128 MiB. Never
 * rejects.
 */
export function drainRequest(
  incoming: Readable & { readonly complete: boolean },
  { clock }: { clock: Clock } = { clock: systemClock },
): Promise<void> {
  return new Promise((resolve) => {
    let [bytes, bytesBefore, checks] = [0, 0, 0]
    const end = () => {
      stop()
      incoming.off('data', count)
      resolve()
    }
    const count = (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > DRAIN_BYTES_MAX) end()
    }
    const stop = clock.every(IDLE_MS_MAX, () => {
      checks += 1
      if (bytes === bytesBefore || checks >= CHECKS_MAX) end()
      bytesBefore = bytes
    })
    incoming.on('data', count)
    incoming.on('end', end)
    incoming.on('close', end)
    if (incoming.complete || incoming.destroyed) end()
  })
}
