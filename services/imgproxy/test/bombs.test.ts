import { crc32, deflateSync } from 'node:zlib'

import sharp from 'sharp'
import { expect, test } from 'vitest'

import { createFixture } from './fixture.ts'

const MIB = 1024 * 1024
const signature = Buffer.from('89504e470d0a1a0a', 'hex')

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}

function header(width: number, height: number): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt32BE(width, 0)
  body.writeUInt32BE(height, 4)
  body.set([1, 0, 0, 0, 0], 8)
  return chunk('IHDR', body)
}

/** A PNG with one bit per pixel; rows of zeros compress to almost nothing. */
const png = (width: number, height: number, extra: Buffer[] = [], rows = height) =>
  Buffer.concat([
    signature,
    header(width, height),
    ...extra,
    chunk('IDAT', deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])

const small = await sharp({
  create: { width: 64, height: 64, channels: 3, background: '#336699' },
})
  .png()
  .toBuffer()

const text = Buffer.concat([Buffer.from('k\0\0', 'latin1'), deflateSync(Buffer.alloc(100 * MIB))])
const frame = Buffer.concat([chunk('fcTL', Buffer.alloc(26)), chunk('fdAT', Buffer.alloc(40))])
const tall = png(64, 64, [chunk('acTL', Buffer.from([0, 0, 0x27, 0x10, 0, 0, 0, 0]))])

const jpegWithFalseSize = await (async () => {
  const jpeg = await sharp(small).jpeg().toBuffer()
  const at = jpeg.indexOf(Buffer.from('ffc0', 'hex'))
  jpeg.writeUInt16BE(65_000, at + 5)
  jpeg.writeUInt16BE(65_000, at + 7)
  return jpeg
})()

const bombs: Record<string, Buffer> = {
  'a png of 900 megapixels': png(30_000, 30_000),
  'a png that declares 900 megapixels and has one row': png(30_000, 30_000, [], 1),
  'one pixel with 100 MiB of compressed text': png(1, 1, [chunk('zTXt', text)]),
  'an animated png of 10,000 frames': Buffer.concat([
    tall.subarray(0, -12),
    ...Array.from({ length: 10_000 }, () => frame),
    tall.subarray(-12),
  ]),
  'a jpeg with a false size': jpegWithFalseSize,
  'a png with html appended': Buffer.concat([small, Buffer.from('<script>alert(1)</script>')]),
  'an svg that refers to itself': Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"><use href="#a"/></svg>',
  ),
  'a truncated picture': small.subarray(0, small.length / 2),
  'a gif with a false size': Buffer.from('474946383961ffffffff0000003b', 'hex'),
  'a webp with a false size': Buffer.concat([
    Buffer.from('52494646ffffffff57454250565038580a00000010000000ffffffffffff', 'hex'),
  ]),
  'a png signature without data': signature,
}

test.each(Object.entries(bombs))(
  '%s is rejected or rendered within the memory limit',
  async (_, bomb) => {
    const { link, store } = await createFixture()
    await store(bomb)
    await store(small, { index: 1 })
    const rssBefore = process.memoryUsage.rss()
    for (const variant of ['&w=32&format=webp', '&thumb_kb=4', '&format=png']) {
      expect(await outcomeOf(await fetch(link(variant)))).toMatch(/^(?:small picture|refused)$/)
    }
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(300 * MIB)
    const original = await fetch(link())
    expect(original.headers.get('x-content-type-options')).toBe('nosniff')
    expect(original.headers.get('content-security-policy')).toContain('sandbox')
    expect((await fetch(link('&w=16', { index: 1 }))).status).toBe(200)
  },
)

test('no picture above 40 megapixels is decoded, however few bytes it has', async () => {
  const { link, store } = await createFixture()
  await store(png(6_400, 6_300))
  expect((await fetch(link('&w=32'))).status).toBe(400)
  await store(png(6_400, 6_200))
  expect((await fetch(link('&w=32'))).status).toBe(200)
})

test('an svg is never rendered', async () => {
  const { link, store } = await createFixture()
  await store(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))
  expect(await outcomeOf(await fetch(link('&w=32')))).toBe('refused')
})

async function outcomeOf(response: Response): Promise<string> {
  const body = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 200 && /^image\/(?:webp|png)$/.test(type))
    return body.length < MIB ? 'small picture' : 'large picture'
  const isRefusal = response.status === 400 && body.includes('"code":"invalid_image"')
  return isRefusal ? 'refused' : `${response.status} ${type} ${body.toString()}`
}
