import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import type { Part } from './form-parts.ts'
import {
  EDITS,
  MIB,
  png,
  jpeg,
  mask,
  maskOf,
  requiredParts,
  file,
  send,
  form,
} from './form-parts.ts'
import { jsonOf, createFixture } from './fixture.ts'

test('each refused form names its parameter and leaves no job, hold or blob', async () => {
  const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;')
  const lie = Buffer.concat([png.subarray(0, 16), Buffer.from('0000753000007530', 'hex')])
  const cases: [string, Buffer<ArrayBuffer>, number, string, string | null][] = [
    ['no picture', form(requiredParts), 400, 'missing_required_parameter', 'image'],
    [
      'no prompt',
      form([file('image', png), requiredParts[0] ?? requiredParts[1]].filter(isPart)),
      400,
      'missing_required_parameter',
      'prompt',
    ],
    [
      'a text file',
      form([...requiredParts, file('image', Buffer.from('# README\n'.repeat(9)))]),
      400,
      'invalid_image',
      'image',
    ],
    [
      'an empty file',
      form([...requiredParts, file('image', Buffer.alloc(0))]),
      400,
      'invalid_image',
      'image',
    ],
    ['a gif', form([...requiredParts, file('image', gif)]), 400, 'invalid_image', 'image'],
    [
      'a picture of 900 megapixels',
      form([...requiredParts, file('image', lie)]),
      400,
      'invalid_image',
      'image',
    ],
    [
      'a truncated header',
      form([...requiredParts, file('image', png.subarray(0, 20))]),
      400,
      'invalid_image',
      'image',
    ],
    [
      '17 files',
      form([...requiredParts, ...Array.from({ length: 17 }, () => file('image[]', png))]),
      400,
      'invalid_value',
      'image',
    ],
    [
      'a jpeg mask',
      form([...requiredParts, file('image', png), file('mask', jpeg)]),
      400,
      'invalid_image',
      'mask',
    ],
    [
      'a mask of another size',
      form([...requiredParts, file('mask', await maskOf(48, 33)), file('image', png)]),
      400,
      'invalid_image',
      'mask',
    ],
    [
      'two masks',
      form([...requiredParts, file('image', png), file('mask', mask), file('mask', mask)]),
      400,
      'invalid_value',
      'mask',
    ],
    [
      'a mask over 4 MiB',
      form([
        file('mask', Buffer.concat([mask, Buffer.alloc(4 * MIB)])),
        file('image', png),
        ...requiredParts,
      ]),
      413,
      'body_too_large',
      'mask',
    ],
    [
      'a markup',
      form([...requiredParts, file('image', png), file('markup', mask)]),
      400,
      'unsupported_parameter',
      'markup',
    ],
    [
      'n = 11',
      form([...requiredParts, file('image', png), { name: 'n', value: '11' }]),
      400,
      'invalid_value',
      'n',
    ],
    [
      'svg',
      form([file('image', png), ...requiredParts, { name: 'output_format', value: 'svg' }]),
      400,
      'unsupported_parameter',
      'output_format',
    ],
    [
      'a huge field',
      form([file('image', png), ...requiredParts, { name: 'user', value: 'x'.repeat(200_000) }]),
      400,
      'invalid_value',
      'user',
    ],
    [
      'a prompt of 32,001 characters',
      form([file('image', png), ...requiredParts, { name: 'prompt', value: 'x'.repeat(32_001) }]),
      400,
      'invalid_value',
      'prompt',
    ],
    [
      '101 fields',
      form([
        file('image', png),
        ...Array.from({ length: 101 }, (_, n) => ({ name: `f${n}`, value: 'x' })),
      ]),
      400,
      'invalid_value',
      null,
    ],
    [
      'an unknown model',
      form([
        file('image', png),
        { name: 'model', value: 'unknown' },
        { name: 'prompt', value: 'x' },
      ]),
      404,
      'model_not_found',
      'model',
    ],
    [
      'a form truncated within a file',
      form([...requiredParts, file('image', png)]).subarray(0, -80),
      400,
      'invalid_value',
      'body',
    ],
    [
      'a form without its last boundary',
      form([file('image', png), ...requiredParts]).subarray(0, -20),
      400,
      'invalid_value',
      'body',
    ],
    ['not a form', Buffer.from('hello'), 400, 'invalid_value', 'body'],
  ]
  const fixture = await createFixture()
  for (const [name, body, status, code, param] of cases) {
    const answer = await send(fixture, body)
    const { error } = await jsonOf(answer)
    expect([name, answer.status, error?.code, error?.param]).toEqual([name, status, code, param])
  }
  expect(await fixture.leftovers()).toEqual([])
})

test('a file or form above its size limit is refused, and nothing of it is stored', async () => {
  const fixture = await createFixture({
    config: { imageFileBytesMax: MIB, imageFormBytesMax: 3 * MIB },
  })
  const large = Buffer.concat([png, Buffer.alloc(MIB)])
  const one = await send(fixture, form([...requiredParts, file('image', large)]))
  expect([one.status, (await jsonOf(one)).error.param]).toEqual([413, 'image'])
  const whole = form([...requiredParts, ...Array.from({ length: 4 }, () => file('image[]', large))])
  const announced = await send(fixture, whole).catch(() => undefined)
  expect(announced?.status ?? 413).toBe(413)
  const streamed = await fixture
    .call(EDITS, {
      method: 'POST',
      body: new Blob([whole]).stream(),
      duplex: 'half',
      headers: { 'content-type': 'multipart/form-data; boundary=----test' },
    })
    .catch(() => undefined)
  expect(streamed?.status ?? 413).toBe(413)
  expect(await fixture.leftovers()).toEqual([])
})

test('a form requires a boundary, a known type, and no compression', async () => {
  const fixture = await createFixture()
  const body = form([...requiredParts, file('image', png)])
  const types: [Record<string, string>, number, string][] = [
    [{ 'content-type': 'multipart/form-data' }, 400, 'invalid_value'],
    [{ 'content-type': 'application/pdf' }, 415, 'unsupported_media_type'],
    [
      { 'content-type': 'multipart/form-data; boundary=----test', 'content-encoding': 'gzip' },
      415,
      'unsupported_media_type',
    ],
  ]
  for (const [headers, status, code] of types) {
    const answer = await fixture.call(EDITS, { method: 'POST', body, headers })
    expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([status, code])
  }
})

test('a disconnect during an upload leaves no job, hold or blob', async () => {
  const fixture = await createFixture()
  const leave = new AbortController()
  const whole = form([...requiredParts, file('image', Buffer.concat([png, Buffer.alloc(MIB)]))])
  async function* slowly() {
    yield whole.subarray(0, MIB / 2)
    await new Promise(() => undefined)
  }
  const sent = fixture.call(EDITS, {
    method: 'POST',
    body: ReadableStream.from(slowly()),
    duplex: 'half',
    signal: leave.signal,
    headers: { 'content-type': 'multipart/form-data; boundary=----test' },
  })
  const { arrivals, records } = fixture
  await expect.poll(() => arrivals.length).toBe(1)
  leave.abort()
  await expect(sent).rejects.toThrow('abort')
  await expect.poll(() => records).toMatchObject([{ errorCode: 'caller_gone' }])
  expect(await fixture.leftovers()).toEqual([])
})

test('a stalled upload is answered with 408, and leaves no job, hold or blob', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ clock })
  const whole = form([...requiredParts, file('image', Buffer.concat([png, Buffer.alloc(MIB)]))])
  async function* stalling() {
    yield whole.subarray(0, MIB / 2)
    await new Promise(() => undefined)
  }
  const answered = fixture.call(EDITS, {
    method: 'POST',
    body: ReadableStream.from(stalling()),
    duplex: 'half',
    headers: { 'content-type': 'multipart/form-data; boundary=----test' },
  })
  await expect.poll(() => fixture.arrivals.length).toBe(1)
  // The limit is ten seconds, and ten more for every 64 KiB received.
  await clock.advance(200_000)
  await expect
    .poll(() => fixture.records)
    .toMatchObject([{ status: 408, errorCode: 'request_timeout' }])
  const answer = await answered.catch(() => undefined)
  expect(answer?.status ?? 408).toBe(408)
  expect(await fixture.leftovers()).toEqual([])
})

const isPart = (part: Part | undefined): part is Part => part !== undefined
