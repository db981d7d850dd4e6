import { Readable, pipeline } from 'node:stream'
import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

import { AppError } from '@sluice/kernel/app-error'

/** The maximum number of codings of one response. */
const CODINGS_MAX = 2
/** The number of bytes needed to detect an encoded body. */
const HEAD_BYTES = 4

/** Whether a Content-Encoding header declares an encoded body. Pure. */
export function isEncoded(contentEncoding: string | undefined): boolean {
  return codingsOf(contentEncoding).length > 0
}

/**
 * Removes the content encoding of a body (RFC 9110 §8.4). Requests have `accept-encoding: identity`, but some
 * servers and proxies encode nevertheless. Decodes gzip, deflate (with and without the zlib wrapper), br and
 * zstd as a stream, with backpressure; the reader must limit the decoded size: a kilobyte of gzip may decode
 * to a gigabyte. Where the bytes contradict the header, the bytes decide. Throws `upstream_failed` for an
 * unknown coding and for malformed bytes; errors of the source are rethrown.
 */
export function decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  { contentEncoding }: { contentEncoding: string | undefined },
): AsyncIterable<Uint8Array> {
  const all = codingsOf(contentEncoding)
  const codings = all.length > CODINGS_MAX ? [all.join(',')] : all
  // The codings are listed in the order in which they were applied.
  return codings.reduceRight((source, coding) => decodeOne(source, coding), chunks)
}

function codingsOf(contentEncoding: string | undefined): string[] {
  return (contentEncoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity' && coding !== 'none')
}

async function* decodeOne(
  source: AsyncIterable<Uint8Array>,
  coding: string,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  const head = await readHead(iterator)
  const rest = restOf({ iterator, head })
  const decoder = decoderOf(coding, head)
  if (decoder === 'plain') return yield* rest
  if (!decoder) {
    await iterator.return?.()
    throw new AppError('upstream_failed', 'The response has an unknown content encoding.')
  }
  let sourceFailed = false
  const watched = watch(rest, () => (sourceFailed = true))
  try {
    // The error is rethrown by the loop over the decoder.
    pipeline(Readable.from(watched), decoder, () => undefined)
    for await (const chunk of decoder) yield chunk
  } catch (error) {
    if (sourceFailed) throw error
    throw new AppError('upstream_failed', 'The response cannot be decoded.', { cause: error })
  } finally {
    decoder.destroy()
  }
}

async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < HEAD_BYTES) {
    const next = await iterator.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  return head
}

async function* restOf({
  iterator,
  head,
}: {
  iterator: AsyncIterator<Uint8Array>
  head: Buffer
}): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (head.length > 0) yield head
    // An iterator that has ended returns `done` again.
    for (;;) {
      const next = await iterator.next()
      if (next.done) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

async function* watch(source: AsyncIterable<Uint8Array>, onFailure: () => void) {
  try {
    yield* source
  } catch (error) {
    onFailure()
    throw error
  }
}

/** The decoder of a body; undefined for an unknown coding. */
function decoderOf(coding: string, head: Buffer): Transform | 'plain' | undefined {
  if (head.length === 0) return 'plain'
  // Gzip and zstd begin with a magic number (RFC 1952 §2.3.1, RFC 8878 §3.1.1).
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip()
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress()
  if (coding === 'br') return createBrotliDecompress()
  // "deflate" is the zlib format (RFC 9110 §8.4.1.2); some servers send raw deflate.
  if (coding === 'deflate') return isZlib(head) ? createInflate() : createInflateRaw()
  // A proxy decoded the body and kept the header.
  return ['gzip', 'x-gzip', 'zstd'].includes(coding) ? 'plain' : undefined
}

// RFC 1950 §2.2: method 8, and a header that is a multiple of 31.
function isZlib(head: Buffer): boolean {
  if (head.length < 2) return false
  return ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0
}
