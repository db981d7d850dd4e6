import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'

import { describe, expect, it } from 'vitest'

import { isEncoded, decodeChunks } from './decode-chunks.ts'

const text = JSON.stringify({ data: 'all of it, '.repeat(500) })
const plain = Buffer.from(text)

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: Uint8Array, contentEncoding: string | undefined): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of decodeChunks(pieces(bytes), { contentEncoding })) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('an encoded response to a request for identity encoding', () => {
  it.each<[string, Buffer, string | undefined]>([
    ['gzip', gzipSync(plain), 'gzip'],
    ['x-gzip in upper case', gzipSync(plain), ' X-GZIP '],
    ['deflate in zlib format', deflateSync(plain), 'deflate'],
    ['raw deflate', deflateRawSync(plain), 'deflate'],
    ['brotli', brotliCompressSync(plain), 'br'],
    ['zstd', zstdCompressSync(plain), 'zstd'],
    ['gzip twice', gzipSync(gzipSync(plain)), 'gzip, gzip'],
    ['brotli over gzip', brotliCompressSync(gzipSync(plain)), 'gzip, br'],
    ['gzip with the header br', gzipSync(plain), 'br'],
    ['plain bytes with the header gzip', plain, 'gzip'],
    ['plain bytes without a header', plain, undefined],
    ['plain bytes with the header identity', plain, 'identity'],
  ])('is decoded: %s', async (_name, bytes, encoding) => {
    expect(await read(bytes, encoding)).toBe(text)
  })

  it.each<[string, Uint8Array, string]>([
    ['an unknown coding', plain, 'compress'],
    ['three codings', plain, 'gzip, gzip, gzip'],
    ['truncated bytes', gzipSync(plain).subarray(0, 40), 'gzip'],
    ['malformed bytes', Buffer.from('not brotli at all'), 'br'],
  ])('is rejected: %s', async (_name, bytes, encoding) => {
    await expect(read(bytes, encoding)).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it.each(['gzip', 'br', 'deflate', 'zstd'])(
    'with an empty body decodes to an empty body: %s',
    async (coding) => {
      expect(await read(Buffer.alloc(0), coding)).toBe('')
    },
  )

  it('is decoded no further than it is read', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    let taken = 0
    let largest = 0
    for await (const chunk of decodeChunks(pieces(bomb, 65_536), { contentEncoding: 'gzip' })) {
      taken += chunk.byteLength
      largest = Math.max(largest, chunk.byteLength)
      if (taken > 100_000) break
    }
    expect(taken).toBeLessThan(300_000)
    expect(largest).toBeLessThanOrEqual(65_536)
  })

  it('rejects with the error of its source', async () => {
    const failing = async function* () {
      yield gzipSync(plain).subarray(0, 20)
      throw new Error('the socket broke')
    }
    const all = async () => {
      for await (const _ of decodeChunks(failing(), { contentEncoding: 'gzip' })) continue
    }
    await expect(all()).rejects.toThrow('the socket broke')
  })
})

it('detects an encoded body by its header', () => {
  expect(['gzip', 'br', 'gzip, identity'].map(isEncoded)).toEqual([true, true, true])
  expect([undefined, '', 'identity', 'Identity'].map(isEncoded)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
