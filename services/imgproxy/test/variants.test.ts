import { randomBytes } from 'node:crypto'

import sharp from 'sharp'
import { describe, expect, test } from 'vitest'

import { createFixture } from './fixture.ts'

// A picture of noise, which hardly compresses, and a transparent one.
const noisy = await sharp(randomBytes(900 * 600 * 3), {
  raw: { width: 900, height: 600, channels: 3 },
})
  .png()
  .toBuffer()
const transparent = await sharp({
  create: { width: 200, height: 100, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
})
  .png()
  .toBuffer()

async function read(response: Response) {
  const bytes = Buffer.from(await response.arrayBuffer())
  const { format, width = 0, height, hasAlpha, compression } = await sharp(bytes).metadata()
  const type = format === 'heif' && compression === 'av1' ? 'avif' : format
  return { bytes, type, width, height, hasAlpha, contentType: response.headers.get('content-type') }
}

test('a width applies to every format, and the response has the content type of its bytes', async () => {
  const { link, store } = await createFixture()
  await store(noisy)
  for (const format of ['webp', 'avif', 'jpeg', 'png']) {
    const rendered = await read(await fetch(link(`&w=96&format=${format}`)))
    expect(rendered).toMatchObject({
      type: format,
      width: 96,
      height: 64,
      contentType: `image/${format}`,
    })
  }
  expect((await read(await fetch(link('&w=96')))).type).toBe('png')
  expect((await read(await fetch(link('&format=jpg')))).type).toBe('jpeg')
})

test('no variant is larger than the original', async () => {
  const { link, store } = await createFixture()
  await store(noisy)
  expect(await read(await fetch(link('&w=4096&format=webp')))).toMatchObject({
    width: 900,
    height: 600,
  })
})

test('a thumbnail is within its budget, and not needlessly small', async () => {
  const { link, store } = await createFixture()
  await store(noisy)
  for (const kb of [1, 4, 10, 64]) {
    for (const format of ['webp', 'jpeg']) {
      const rendered = await read(await fetch(link(`&thumb_kb=${kb}&format=${format}`)))
      expect(rendered.type).toBe(format)
      expect(rendered.bytes.length).toBeLessThanOrEqual(kb * 1_024)
      // Noise can fill any budget; the tolerance is the precision of the width search.
      expect(rendered.bytes.length).toBeGreaterThan(kb * 1_024 * (kb > 1 ? 0.75 : 0.3))
      expect(Math.abs(rendered.width / (rendered.height ?? 1) - 1.5)).toBeLessThan(0.2)
    }
  }
  expect((await read(await fetch(link('&thumb_kb=1024')))).width).toBe(900)
  expect((await fetch(link('&thumb_kb=0'))).headers.get('content-type')).toBe('image/png')
})

test('transparency is preserved where the format supports it and becomes white in a jpeg', async () => {
  const { link, store } = await createFixture()
  await store(transparent)
  expect((await read(await fetch(link('&w=50&format=webp')))).hasAlpha).toBe(true)
  expect((await read(await fetch(link('&thumb_kb=4')))).hasAlpha).toBe(true)
  const { bytes, hasAlpha } = await read(await fetch(link('&w=50&format=jpeg')))
  expect(hasAlpha).toBe(false)
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  expect(data[0]).toBeGreaterThan(250)
})

describe('an invalid variant is rejected with the name of its parameter', () => {
  test.each([
    ['w=15', 'w'],
    ['w=4097', 'w'],
    ['w=1e3', 'w'],
    ['w=-100', 'w'],
    ['w=', 'w'],
    ['format=gif', 'format'],
    ['format=__proto__', 'format'],
    ['thumb_kb=1025', 'thumb_kb'],
    ['thumb_kb=0.5', 'thumb_kb'],
    ['thumb_kb=10&format=avif', 'format'],
    ['thumb_kb=10&w=100', 'w'],
  ])('%s', async (variant, param) => {
    const { link, store } = await createFixture()
    await store(noisy)
    const response = await fetch(link(`&${variant}`))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_value', param } })
  })
})

test('concurrent requests for a variant render it once', async () => {
  const { link, store, metrics } = await createFixture()
  await store(noisy)
  const tags = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const response = await fetch(link('&w=80&format=webp'))
      await response.arrayBuffer()
      return response.headers.get('etag')
    }),
  )
  expect(new Set(tags).size).toBe(1)
  expect((await metrics.render()).body).toMatch(/render_seconds_count\{.*kind="resized".*\} 1\b/)
})

test('a picture that is replaced under the same name is rendered again', async () => {
  const { link, store } = await createFixture()
  await store(noisy)
  const before = await fetch(link('&w=40'))
  await before.arrayBuffer()
  await store(transparent)
  const after = await fetch(link('&w=40'))
  expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  expect((await read(after)).height).toBe(20)
})

test('with all slots and the queue full, a variant is rejected and the original still served', async () => {
  const { blobs, link, store } = await createFixture({ limits: { renderingMax: 1, waitingMax: 1 } })
  await store(noisy)
  const gate = Promise.withResolvers<void>()
  const { read } = blobs
  blobs.read = async (key) => {
    await gate.promise
    return read(key)
  }
  let refused = 0
  const responses = Array.from({ length: 10 }, async (_, n) => {
    const response = await fetch(link(`&w=${100 + n}&format=webp`))
    await response.arrayBuffer()
    // Eight are rejected immediately; only then do the two others continue.
    if (response.status === 503 && ++refused === 8) gate.resolve()
    return `${response.status} ${response.headers.get('retry-after')}`
  })
  expect((await Promise.all(responses)).sort()).toEqual([
    ...Array.from({ length: 2 }, () => '200 null'),
    ...Array.from({ length: 8 }, () => '503 2'),
  ])
  expect((await fetch(link())).status).toBe(200)
})

test('a stored picture above sourceBytesMax is served, but has no variants', async () => {
  const { link, store } = await createFixture({ limits: { sourceBytesMax: 1_000 } })
  await store(noisy)
  expect((await fetch(link('&w=50'))).status).toBe(400)
  expect((await fetch(link())).status).toBe(200)
})
