import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { readImageSize, sniffImage } from './sniff-image.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))

// Headers written by sharp 0.35.
const png = bytes('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08060000 00')
const jpeg = bytes('ffd8 ffe0 0010 4a46494600010100000100010000 ffc0 0011 08 01e0 0280 03 012200')
const lossy = bytes('52494646 00000000 57454250 56503820 00000000 300100 9d012a 8002 e001 0000')
const lossless = bytes('52494646 00000000 57454250 5650384c 00000000 2f 7fc27700 0000000000')
const extended = bytes('52494646 00000000 57454250 56503858 0a000000 10000000 7f0200 df0100')

test('detects the type from the bytes, and nothing else as a picture', () => {
  expect(sniffImage(png)).toBe('image/png')
  expect(sniffImage(jpeg)).toBe('image/jpeg')
  expect(sniffImage(lossy)).toBe('image/webp')
  expect(sniffImage(Buffer.from('GIF89a......'))).toBe('image/gif')
  expect(sniffImage(Buffer.from('\0\0\0\x20ftypavif....mif1'))).toBe('image/avif')
  for (const text of ['', '# README', '<svg xmlns=', '%PDF-1.7', 'RIFF....WAVE', '<html>'])
    expect(sniffImage(Buffer.from(text))).toBeUndefined()
})

test('reads width and height from the headers of png, jpeg and the three kinds of webp', () => {
  for (const head of [png, jpeg, lossy, lossless, extended])
    expect(readImageSize(head)).toEqual({ width: 640, height: 480 })
})

test('a truncated header has no size, and no bytes make the reader throw', () => {
  for (const head of [png, jpeg, lossy, lossless, extended])
    for (let length = 0; length < 20; length += 1)
      expect(readImageSize(head.subarray(0, length))).toBeUndefined()
  const damaged = fc
    .tuple(fc.constantFrom(png, jpeg, lossy, lossless, extended), fc.uint8Array({ maxLength: 40 }))
    .map(([head, tail]) => Uint8Array.from([...head.subarray(0, 16), ...tail]))
  fc.assert(
    fc.property(damaged, (head) => {
      const size = readImageSize(head)
      expect(size === undefined || (size.width > 0 && size.height > 0)).toBe(true)
    }),
    { numRuns: 3_000, seed: 1 },
  )
})
