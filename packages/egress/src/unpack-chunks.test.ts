import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'

import { describe, expect, it } from 'vitest'

import { isPacked, unpackChunks } from './unpack-chunks.ts'

const text = JSON.stringify({ data: 'all of it, '.repeat(500) })
const plain = Buffer.from(text)

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: Uint8Array, contentEncoding: string | undefined): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of unpackChunks(pieces(bytes), { contentEncoding })) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('an answer that came packed although nobody asked for it', () => {
  it.each<[string, Buffer, string | undefined]>([
    ['gzip', gzipSync(plain), 'gzip'],
    ['gzip by its old name, in capitals', gzipSync(plain), ' X-GZIP '],
    ['deflate as the RFC says', deflateSync(plain), 'deflate'],
    ['deflate without its wrapper', deflateRawSync(plain), 'deflate'],
    ['brotli', brotliCompressSync(plain), 'br'],
    ['zstd', zstdCompressSync(plain), 'zstd'],
    ['gzip twice', gzipSync(gzipSync(plain)), 'gzip, gzip'],
    ['brotli over gzip', brotliCompressSync(gzipSync(plain)), 'gzip, br'],
    ['gzip under another name', gzipSync(plain), 'br'],
    ['nothing, although the header says gzip', plain, 'gzip'],
    ['nothing', plain, undefined],
    ['nothing, said aloud', plain, 'identity'],
  ])('is read: %s', async (_name, bytes, encoding) => {
    expect(await read(bytes, encoding)).toBe(text)
  })

  it.each<[string, Uint8Array, string]>([
    ['a coding that nobody knows', plain, 'compress'],
    ['three codings', plain, 'gzip, gzip, gzip'],
    ['bytes that are cut', gzipSync(plain).subarray(0, 40), 'gzip'],
    ['bytes that are damaged', Buffer.from('not brotli at all'), 'br'],
  ])('is refused: %s', async (_name, bytes, encoding) => {
    await expect(read(bytes, encoding)).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it.each(['gzip', 'br', 'deflate', 'zstd'])('of nothing at all is nothing: %s', async (coding) => {
    expect(await read(Buffer.alloc(0), coding)).toBe('')
  })

  it('is unpacked no further than it is read', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    let taken = 0
    let largest = 0
    for await (const chunk of unpackChunks(pieces(bomb, 65_536), { contentEncoding: 'gzip' })) {
      taken += chunk.byteLength
      largest = Math.max(largest, chunk.byteLength)
      if (taken > 100_000) break
    }
    expect(taken).toBeLessThan(300_000)
    expect(largest).toBeLessThanOrEqual(65_536)
  })

  it("passes its source's own failure on", async () => {
    const failing = async function* () {
      yield gzipSync(plain).subarray(0, 20)
      throw new Error('the socket broke')
    }
    const all = async () => {
      for await (const _ of unpackChunks(failing(), { contentEncoding: 'gzip' })) continue
    }
    await expect(all()).rejects.toThrow('the socket broke')
  })
})

it('tells a packed body from a plain one by its header', () => {
  expect(['gzip', 'br', 'gzip, identity'].map(isPacked)).toEqual([true, true, true])
  expect([undefined, '', 'identity', 'Identity'].map(isPacked)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
