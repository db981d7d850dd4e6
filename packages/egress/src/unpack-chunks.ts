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

/** Codings that one answer may have on top of each other. */
const CODINGS_MAX = 2
/** So many bytes tell a packed body from a plain one. */
const HEAD_BYTES = 4

/** Whether a Content-Encoding header says that a body is packed. Pure. */
export function isPacked(contentEncoding: string | undefined): boolean {
  return codingsOf(contentEncoding).length > 0
}

/**
 * The bytes of a body without its content encoding (RFC 9110 §8.4). We send `accept-encoding: identity`;
 * some servers and the proxies before them pack all the same. gzip, deflate (with and without the zlib
 * wrapper), br and zstd are unpacked, as the bytes come and at the pace of the reader, who must count
 * what it takes: a kilobyte of gzip may hold a gigabyte. Where the bytes themselves say something else
 * than the header, the bytes are believed. Throws `upstream_failed` for an unknown coding and for
 * damaged bytes; errors of the source pass as they are.
 */
export function unpackChunks(
  chunks: AsyncIterable<Uint8Array>,
  { contentEncoding }: { contentEncoding: string | undefined },
): AsyncIterable<Uint8Array> {
  const all = codingsOf(contentEncoding)
  const codings = all.length > CODINGS_MAX ? [all.join(',')] : all
  // The last coding was applied last.
  return codings.reduceRight((source, coding) => unpackOne(source, coding), chunks)
}

function codingsOf(contentEncoding: string | undefined): string[] {
  return (contentEncoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity' && coding !== 'none')
}

async function* unpackOne(
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
    throw new AppError('upstream_failed', 'The answer has an unknown content encoding.')
  }
  let sourceFailed = false
  const watched = watch(rest, () => (sourceFailed = true))
  try {
    // The error reaches the reader of the decoder.
    pipeline(Readable.from(watched), decoder, () => undefined)
    for await (const chunk of decoder) yield chunk
  } catch (error) {
    if (sourceFailed) throw error
    throw new AppError('upstream_failed', 'The answer cannot be unpacked.', { cause: error })
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
    // An iterator that has ended says so again.
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

/** The decoder of a body; undefined for a coding that nobody registered. Pure but for the stream. */
function decoderOf(coding: string, head: Buffer): Transform | 'plain' | undefined {
  if (head.length === 0) return 'plain'
  // Gzip and zstd begin with a magic number (RFC 1952 §2.3.1, RFC 8878 §3.1.1).
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip()
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress()
  if (coding === 'br') return createBrotliDecompress()
  // "deflate" is zlib's format (RFC 9110 §8.4.1.2); some servers leave out its wrapper.
  if (coding === 'deflate') return isZlib(head) ? createInflate() : createInflateRaw()
  // A proxy that unpacked the body and left the header.
  return ['gzip', 'x-gzip', 'zstd'].includes(coding) ? 'plain' : undefined
}

// RFC 1950 §2.2: method 8, and a header that is a multiple of 31.
function isZlib(head: Buffer): boolean {
  if (head.length < 2) return false
  return ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0
}
