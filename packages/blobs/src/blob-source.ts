import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { addAbortSignal } from 'node:stream'

import { AppError } from '@sluice/kernel/app-error'

/**
 * Passes the bytes of a source to `write`, in order, and counts and hashes them. Rejects with
 * `body_too_large` above `bytesMax`; on every failure and abort a source stream is destroyed.
 */
export async function drainSource({
  source,
  bytesMax,
  signal,
  write,
}: {
  source: Uint8Array | Readable
  bytesMax: number
  signal: AbortSignal | undefined
  write: (chunk: Uint8Array) => Promise<void>
}): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  const take = async (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    if (bytes > bytesMax) {
      throw new AppError('body_too_large', `more than ${bytesMax} bytes`, { details: { bytesMax } })
    }
    hash.update(chunk)
    await write(chunk)
  }
  try {
    signal?.throwIfAborted()
    if (source instanceof Uint8Array) await take(source)
    else for await (const chunk of abortable(source, signal)) await take(asBytes(chunk))
  } catch (error) {
    if (!(source instanceof Uint8Array)) source.destroy()
    // The error of a destroyed stream is only a premature close; the signal has the reason.
    signal?.throwIfAborted()
    throw error
  }
  return { bytes, sha256: hash.digest('hex') }
}

function abortable(source: Readable, signal: AbortSignal | undefined): Readable {
  return signal ? addAbortSignal(signal, source) : source
}

function asBytes(chunk: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
}
