import { randomBytes } from 'node:crypto'
import { request } from 'node:http'

import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import { newKey, oldKey, task, createFixture } from './fixture.ts'

const picture = await sharp(randomBytes(640 * 480 * 3), {
  raw: { width: 640, height: 480, channels: 3 },
})
  .png()
  .toBuffer()

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())
const codeOf = async (response: Response) => {
  const body: unknown = await response.json()
  expect(body).toMatchObject({
    error: { message: expect.any(String), type: 'invalid_request_error', param: null },
  })
  expect(response.headers.get('cache-control')).toBe('no-store')
  return JSON.stringify(body).match(/"code":"([a-z_]+)"/)?.[1]
}

test('a signed link returns the stored bytes with security and cache headers', async () => {
  const { link, store } = await createFixture()
  const facts = await store(picture)
  const response = await fetch(link())
  expect(response.status).toBe(200)
  expect((await bytesOf(response)).equals(picture)).toBe(true)
  const headers = Object.fromEntries(response.headers)
  expect(headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(picture.length),
    'content-disposition': `inline; filename="${task}-0.png"`,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    etag: `"${facts.sha256.slice(0, 32)}"`,
    'x-request-id': expect.stringMatching(/^req_/),
  })
  const maxAge = /^public, max-age=(\d+), immutable$/.exec(headers['cache-control'] ?? '')?.[1]
  expect(Number(maxAge)).toBeGreaterThan(3_500)
  expect(Number(maxAge)).toBeLessThanOrEqual(3_600)
})

test('HEAD returns the headers of GET, without the bytes', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  for (const variant of ['', '&w=100']) {
    const [head, get] = [await fetch(link(variant), { method: 'HEAD' }), await fetch(link(variant))]
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
    expect((await bytesOf(head)).length).toBe(0)
  }
})

test('forged, damaged and foreign links are rejected with 403', async () => {
  const { link, store, url } = await createFixture()
  await store(picture)
  await store(picture, { index: 1 })
  const good = link()
  const foreignKey = { id: 'k2', secret: 'a foreign secret with a key id that is configured here' }
  const bad = [
    link('', { signers: [foreignKey] }),
    link('', { signers: [{ ...foreignKey, id: 'k9' }] }),
    good.slice(0, -1),
    `${good}0`,
    good.replace(`${task}/0`, `${task}/1`),
    good.replace(`${task}/0`, `${task}/00`),
    good.replace(/exp=(\d+)/, (_, exp) => `exp=${Number(exp) + 1}`),
    good.replace(/exp=(\d+)/, 'exp=9007199254740993'),
    good.replace(/exp=(\d+)/, 'exp=-1'),
    good.replace(/sig=.*/, ''),
    good.replace(/exp=\d+&/, ''),
    `${url}/p/img/${task}/0`,
  ]
  for (const link of bad) {
    const response = await fetch(link)
    expect([link, response.status, await codeOf(response)]).toEqual([
      link,
      403,
      'invalid_signature',
    ])
  }
})

test('path traversal returns no picture', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  const paths = [
    '/p/img/../../etc/passwd',
    `/p/img/${task}%2f0/0`,
    `/p/img/${task}%00/0`,
    `/p/img//0`,
  ]
  for (const path of paths) {
    const { origin, search } = new URL(link())
    expect([path, [403, 404].includes(await rawStatus(origin, path + search))]).toEqual([
      path,
      true,
    ])
  }
})

test('a repeated parameter is rejected', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  const good = link()
  for (const twice of [`&exp=99999999999`, `&sig=00`, `&w=100&w=200`, `&format=png&format=webp`]) {
    expect((await fetch(good + twice)).status).toBe(400)
  }
})

test('a link is valid for at most a minute after its expiry', async () => {
  const clock = fakeClock()
  const { link, store } = await createFixture({ clock })
  await store(picture)
  const url = link('', { expiresAt: new Date(clock.nowMs() + 60_000) })
  await clock.advance(119_000)
  const last = await fetch(url)
  expect(last.status).toBe(200)
  expect(last.headers.get('cache-control')).toBe('public, max-age=0, immutable')
  await clock.advance(2_000)
  const response = await fetch(url)
  expect([response.status, await codeOf(response)]).toEqual([403, 'link_expired'])
})

test('after a key rotation old links work until the old key is removed', async () => {
  const rotated = await createFixture({ keys: [newKey, oldKey] })
  await rotated.store(picture)
  expect((await fetch(rotated.link('', { signers: [oldKey] }))).status).toBe(200)
  const removed = await createFixture({ keys: [newKey] })
  await removed.store(picture)
  expect((await fetch(removed.link('', { signers: [oldKey] }))).status).toBe(403)
})

test('a link to a removed picture is 404', async () => {
  const { link } = await createFixture()
  const response = await fetch(link())
  expect([response.status, await codeOf(response)]).toEqual([404, 'not_found'])
})

test('a matching If-None-Match returns 304 for every variant and notation of the tag', async () => {
  const { link, store, metrics } = await createFixture()
  await store(picture)
  for (const variant of ['', '&w=64&format=webp', '&thumb_kb=8']) {
    const tag = (await fetch(link(variant))).headers.get('etag') ?? ''
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const response = await fetch(link(variant), { headers: { 'if-none-match': header } })
      expect([header, response.status]).toEqual([header, 304])
      expect(response.headers.get('etag')).toBe(tag)
    }
    const other = await fetch(link(variant), { headers: { 'if-none-match': '"other"' } })
    expect(other.status).toBe(200)
    await other.arrayBuffer()
  }
  expect((await metrics.render()).body).toMatch(/served_total\{.*kind="not-modified".*\} 12/)
})

test('each range returns exactly its bytes', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  const last = picture.length - 1
  const ranges: [string, number, number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=100-', 100, last],
    ['bytes=-10', last - 9, last],
    [`bytes=0-${last + 1_000}`, 0, last],
    [`bytes=-${picture.length + 5}`, 0, last],
  ]
  for (const [range, start, end] of ranges) {
    const response = await fetch(link(), { headers: { range } })
    expect([range, response.status]).toEqual([range, 206])
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${picture.length}`)
    expect((await bytesOf(response)).equals(picture.subarray(start, end + 1))).toBe(true)
  }
})

test('a range beyond the end is 416; a malformed one is ignored', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  const beyond = await fetch(link(), { headers: { range: `bytes=${picture.length}-` } })
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([
    416,
    `bytes */${picture.length}`,
  ])
  expect((await fetch(link(), { headers: { range: 'bytes=-0' } })).status).toBe(416)
  for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=0-1', 'bytes=-', 'bytes=a-b']) {
    const response = await fetch(link(), { headers: { range } })
    expect([range, response.status]).toEqual([range, 200])
    expect((await bytesOf(response)).length).toBe(picture.length)
  }
})

test('an If-Range of changed bytes returns the whole new picture', async () => {
  const { link, store } = await createFixture()
  await store(picture)
  const tag = (await fetch(link(), { method: 'HEAD' })).headers.get('etag') ?? ''
  const headers = { range: 'bytes=0-9', 'if-range': tag }
  expect((await fetch(link(), { headers })).status).toBe(206)
  await store(Buffer.concat([picture, Buffer.from('changed')]))
  expect((await fetch(link(), { headers })).status).toBe(200)
})

test('the content type is detected from the bytes, and other bytes than pictures are attachments', async () => {
  const { link, store } = await createFixture()
  await store(await sharp(picture).webp().toBuffer(), { contentType: 'image/png' })
  expect((await fetch(link())).headers.get('content-type')).toBe('image/webp')
  await store(Buffer.from('<html><script>alert(1)</script>'), { index: 1 })
  const response = await fetch(link('', { index: 1 }))
  expect(response.headers.get('content-type')).toBe('application/octet-stream')
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; /)
  await store(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'), { index: 2 })
  expect((await fetch(link('', { index: 2 }))).headers.get('content-type')).toBe(
    'application/octet-stream',
  )
})

test('other methods and paths are rejected with the error envelope', async () => {
  const { link, url } = await createFixture()
  const post = await fetch(link(), { method: 'POST', body: 'x' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect(await codeOf(post)).toBe('method_not_allowed')
  const nowhere = await fetch(`${url}/p/other`)
  expect([nowhere.status, await codeOf(nowhere)]).toEqual([404, 'not_found'])
})

test('after a client disconnects during the body, the server serves the next request', async () => {
  const { link, store } = await createFixture()
  await store(randomBytes(8 * 1024 * 1024))
  await disconnectAfterFirstChunk(link())
  await store(picture)
  expect((await fetch(link())).status).toBe(200)
})

test('imgproxy is ready when the blob store is', async () => {
  const { checks } = await createFixture()
  await expect(checks['blobs']?.(new AbortController().signal)).resolves.toBeUndefined()
})

// fetch() would normalize the path.
function rawStatus(origin: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    request({ hostname, port, path }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

function disconnectAfterFirstChunk(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(url, (response) => {
      response.once('data', () => {
        call.destroy()
        resolve()
      })
      response.on('error', () => undefined)
    })
    call.on('error', reject).end()
  })
}
