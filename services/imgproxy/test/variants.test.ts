import { randomBytes } from 'node:crypto'

import sharp from 'sharp'
import { describe, expect, test } from 'vitest'

import { createFixture } from './fixture.ts'

// A picture with detail that does not compress away, and one that is transparent on its left half.
const noisy = await sharp(randomBytes(900 * 600 * 3), {
  raw: { width: 900, height: 600, channels: 3 },
})
  .png()
  .toBuffer()
const halfClear = await sharp({
  create: { width: 200, height: 100, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
})
  .png()
  .toBuffer()

async function read(answer: Response) {
  const bytes = Buffer.from(await answer.arrayBuffer())
  const { format, width = 0, height, hasAlpha, compression } = await sharp(bytes).metadata()
  const type = format === 'heif' && compression === 'av1' ? 'avif' : format
  return { bytes, type, width, height, hasAlpha, contentType: answer.headers.get('content-type') }
}

test('a width is honoured in every format, and the answer has the type of its bytes', async () => {
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

test('nothing is drawn larger than the original', async () => {
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
      // Noise fills any budget: what is left over is what one step of the search may miss.
      expect(rendered.bytes.length).toBeGreaterThan(kb * 1_024 * (kb > 1 ? 0.75 : 0.3))
      expect(Math.abs(rendered.width / (rendered.height ?? 1) - 1.5)).toBeLessThan(0.2)
    }
  }
  expect((await read(await fetch(link('&thumb_kb=1024')))).width).toBe(900)
  expect((await fetch(link('&thumb_kb=0'))).headers.get('content-type')).toBe('image/png')
})

test('transparency stays where the format has it and becomes white in a jpeg', async () => {
  const { link, store } = await createFixture()
  await store(halfClear)
  expect((await read(await fetch(link('&w=50&format=webp')))).hasAlpha).toBe(true)
  expect((await read(await fetch(link('&thumb_kb=4')))).hasAlpha).toBe(true)
  const { bytes, hasAlpha } = await read(await fetch(link('&w=50&format=jpeg')))
  expect(hasAlpha).toBe(false)
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  expect(data[0]).toBeGreaterThan(250)
})

describe('a variant outside the bounds is refused and named', () => {
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
    const answer = await fetch(link(`&${variant}`))
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_value', param } })
  })
})

test('a variant is drawn once, however many ask for it', async () => {
  const { link, store, metrics } = await createFixture()
  await store(noisy)
  const tags = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const answer = await fetch(link('&w=80&format=webp'))
      await answer.arrayBuffer()
      return answer.headers.get('etag')
    }),
  )
  expect(new Set(tags).size).toBe(1)
  expect((await metrics.render()).body).toMatch(/draw_seconds_count\{.*kind="resized".*\} 1\b/)
})

test('a new picture under the same name is drawn anew', async () => {
  const { link, store } = await createFixture()
  await store(noisy)
  const before = await fetch(link('&w=40'))
  await before.arrayBuffer()
  await store(halfClear)
  const after = await fetch(link('&w=40'))
  expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  expect((await read(after)).height).toBe(20)
})

test('beyond the places and the line, a variant is refused and the original still served', async () => {
  const { blobs, link, store } = await createFixture({ limits: { renderingMax: 1, waitingMax: 1 } })
  await store(noisy)
  const gate = Promise.withResolvers<void>()
  const { read } = blobs
  blobs.read = async (key) => {
    await gate.promise
    return read(key)
  }
  let refused = 0
  const answers = Array.from({ length: 10 }, async (_, n) => {
    const answer = await fetch(link(`&w=${100 + n}&format=webp`))
    await answer.arrayBuffer()
    // Eight are refused at once; only then may the two others go on.
    if (answer.status === 503 && ++refused === 8) gate.resolve()
    return `${answer.status} ${answer.headers.get('retry-after')}`
  })
  expect((await Promise.all(answers)).sort()).toEqual([
    ...Array.from({ length: 2 }, () => '200 null'),
    ...Array.from({ length: 8 }, () => '503 2'),
  ])
  expect((await fetch(link())).status).toBe(200)
})

test('a stored picture above the source cap is served, but not drawn', async () => {
  const { link, store } = await createFixture({ limits: { sourceBytesMax: 1_000 } })
  await store(noisy)
  expect((await fetch(link('&w=50'))).status).toBe(400)
  expect((await fetch(link())).status).toBe(200)
})
