import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { toFile } from 'openai'
import sharp from 'sharp'
import { expect, test } from 'vitest'

import type { Drawing } from './test-runner.ts'
import { jsonOf, world } from './world.ts'

const EDITS = '/v1/images/edits'
const MIB = 1024 * 1024

const paint = (width: number, height: number, background = '#aa3311') =>
  sharp({ create: { width, height, channels: 3, background } })
const png = await paint(48, 32).png().toBuffer()
const jpeg = await paint(48, 32, '#1133aa').jpeg().toBuffer()
const webp = await paint(20, 20).webp().toBuffer()
const maskOf = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .png()
    .toBuffer()
const mask = await maskOf(48, 32)

interface Part {
  name: string
  /** Text for a field, bytes for a file. */
  value: string | Uint8Array
  file?: string
  type?: string
}

/** A form written by hand, since clients write theirs in many ways. */
function form(parts: readonly Part[], boundary = '----test') {
  const pieces = parts.flatMap(({ name, value, file, type }) => {
    const named = file === undefined ? '' : `; filename="${file}"`
    const typed = type === undefined ? '' : `\r\nContent-Type: ${type}`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${named}${typed}`
    return [Buffer.from(`${head}\r\n\r\n`), Buffer.from(value), Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
}

const least: Part[] = [
  { name: 'model', value: 'gpt-image-2' },
  { name: 'prompt', value: 'paint it blue' },
]
const file = (name: string, value: Uint8Array, type = 'image/png'): Part => ({
  name,
  value,
  file: 'blob',
  type,
})

type World = Awaited<ReturnType<typeof world>>

const send = ({ call }: World, body: Uint8Array<ArrayBuffer>, boundary = '----test') =>
  call(EDITS, {
    method: 'POST',
    body,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })

/** A world that remembers what its runner was given. */
async function watched() {
  const drawings: Drawing[] = []
  const made = await world({
    draw: async (drawing) => {
      drawings.push(drawing)
      return undefined
    },
  })
  return { ...made, drawings }
}

test('the SDK edits two pictures with a mask, and the runner finds them byte for byte', async () => {
  const { sdk, drawings } = await watched()
  const answer = await sdk().images.edit({
    model: 'gpt-image-2',
    mask: await toFile(mask, 'mask.png', { type: 'image/png' }),
    prompt: 'put the red beside the blue',
    n: 2,
    image: [await toFile(png, 'red.png'), await toFile(jpeg, 'blue.jpg')],
  })
  expect(answer.data).toHaveLength(2)
  const [drawing] = drawings
  const { request, read } = drawing ?? {}
  expect(request).toMatchObject({
    kind: 'edit',
    count: 2,
    images: [
      { contentType: 'image/png', bytes: png.length, name: 'image-0.png' },
      { contentType: 'image/jpeg', bytes: jpeg.length, name: 'image-1.jpg' },
    ],
    mask: { contentType: 'image/png', name: 'mask.png' },
  })
  const stored = [...(request?.images ?? []), request?.mask].map(async (input) =>
    Buffer.from((await read?.(input?.blobKey ?? '')) ?? []),
  )
  expect(await Promise.all(stored)).toEqual([png, jpeg, mask])
})

test('one file under `image`, a stream of edit events', async () => {
  const { sdk } = await watched()
  const stream = await sdk().images.edit({
    model: 'gpt-image-2',
    prompt: 'blue',
    image: await toFile(webp, 'a.webp'),
    stream: true,
    partial_images: 1,
  })
  const types: string[] = []
  for await (const { type } of stream) types.push(type)
  expect(types).toEqual(['image_edit.partial_image', 'image_edit.completed'])
})

test('parts come in any order, under every known name, whatever they say they are', async () => {
  const made = await watched()
  const orders: Part[][] = [
    [file('mask', mask), file('image[]', png), ...least],
    [...least, file('image', png, 'text/plain'), file('image[]', webp, 'application/octet-stream')],
    [{ name: 'image', value: png, type: 'image/png' }, ...least],
    [file('image[0]', png), { name: 'n', value: '1' }, file('image[1]', jpeg), ...least],
    [file('image', png), ...least, { name: 'input_fidelity', value: 'high' }, file('other', webp)],
  ]
  const counts: string[] = []
  for (const order of orders) {
    const answer = await send(made, form(order))
    const { images, mask: found } = made.drawings.at(-1)?.request ?? { images: [] }
    counts.push(`${answer.status} ${images.length}${found ? ' mask' : ''}`)
    await answer.arrayBuffer()
  }
  expect(counts).toEqual(['200 1 mask', '200 2', '200 1', '200 2', '200 1'])
})

test('pictures in JSON are edited as well', async () => {
  const { post, drawings } = await watched()
  const image = [`data:image/png;base64,${png.toString('base64')}`, jpeg.toString('base64')]
  const body = { model: 'gpt-image-2', prompt: 'blue', image, mask: mask.toString('base64') }
  expect((await post(EDITS, body)).status).toBe(200)
  expect(drawings[0]?.request).toMatchObject({ kind: 'edit', mask: { bytes: mask.length } })
  expect(drawings[0]?.request.images).toHaveLength(2)
})

test('each refusal of a form names its parameter and leaves no job, no hold and no blob', async () => {
  const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;')
  const lie = Buffer.concat([png.subarray(0, 16), Buffer.from('0000753000007530', 'hex')])
  const cases: [string, Buffer<ArrayBuffer>, number, string, string | null][] = [
    ['no picture', form(least), 400, 'missing_required_parameter', 'image'],
    [
      'no prompt',
      form([file('image', png), least[0] ?? least[1]].filter(isPart)),
      400,
      'missing_required_parameter',
      'prompt',
    ],
    [
      'a text file',
      form([...least, file('image', Buffer.from('# README\n'.repeat(9)))]),
      400,
      'invalid_image',
      'image',
    ],
    [
      'an empty file',
      form([...least, file('image', Buffer.alloc(0))]),
      400,
      'invalid_image',
      'image',
    ],
    ['a gif', form([...least, file('image', gif)]), 400, 'invalid_image', 'image'],
    [
      'a picture of 900 megapixels',
      form([...least, file('image', lie)]),
      400,
      'invalid_image',
      'image',
    ],
    [
      'a header that is cut',
      form([...least, file('image', png.subarray(0, 20))]),
      400,
      'invalid_image',
      'image',
    ],
    [
      '17 files',
      form([...least, ...Array.from({ length: 17 }, () => file('image[]', png))]),
      400,
      'invalid_value',
      'image',
    ],
    [
      'a jpeg mask',
      form([...least, file('image', png), file('mask', jpeg)]),
      400,
      'invalid_image',
      'mask',
    ],
    [
      'a mask of another size',
      form([...least, file('mask', await maskOf(48, 33)), file('image', png)]),
      400,
      'invalid_image',
      'mask',
    ],
    [
      'two masks',
      form([...least, file('image', png), file('mask', mask), file('mask', mask)]),
      400,
      'invalid_value',
      'mask',
    ],
    [
      'a mask over 4 MiB',
      form([
        file('mask', Buffer.concat([mask, Buffer.alloc(4 * MIB)])),
        file('image', png),
        ...least,
      ]),
      413,
      'body_too_large',
      'mask',
    ],
    [
      'a markup',
      form([...least, file('image', png), file('markup', mask)]),
      400,
      'unsupported_parameter',
      'markup',
    ],
    [
      'n = 11',
      form([...least, file('image', png), { name: 'n', value: '11' }]),
      400,
      'invalid_value',
      'n',
    ],
    [
      'svg',
      form([file('image', png), ...least, { name: 'output_format', value: 'svg' }]),
      400,
      'unsupported_parameter',
      'output_format',
    ],
    [
      'a huge field',
      form([file('image', png), ...least, { name: 'user', value: 'x'.repeat(200_000) }]),
      400,
      'invalid_value',
      'user',
    ],
    [
      'a prompt of 32,001 characters',
      form([file('image', png), ...least, { name: 'prompt', value: 'x'.repeat(32_001) }]),
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
        { name: 'model', value: 'nobody' },
        { name: 'prompt', value: 'x' },
      ]),
      404,
      'model_not_found',
      'model',
    ],
    [
      'a form that is cut in a file',
      form([...least, file('image', png)]).subarray(0, -80),
      400,
      'invalid_value',
      'body',
    ],
    [
      'a form without its last boundary',
      form([file('image', png), ...least]).subarray(0, -20),
      400,
      'invalid_value',
      'body',
    ],
    ['no form at all', Buffer.from('hello'), 400, 'invalid_value', 'body'],
  ]
  const made = await world()
  for (const [name, body, status, code, param] of cases) {
    const answer = await send(made, body)
    const { error } = await jsonOf(answer)
    expect([name, answer.status, error?.code, error?.param]).toEqual([name, status, code, param])
  }
  expect(await made.leftovers()).toEqual([])
})

test('a file over its cap and a form over its cap are refused, and nothing of them is kept', async () => {
  const made = await world({ config: { imageFileBytesMax: MIB, imageFormBytesMax: 3 * MIB } })
  const large = Buffer.concat([png, Buffer.alloc(MIB)])
  const one = await send(made, form([...least, file('image', large)]))
  expect([one.status, (await jsonOf(one)).error.param]).toEqual([413, 'image'])
  const whole = form([...least, ...Array.from({ length: 4 }, () => file('image[]', large))])
  const announced = await send(made, whole).catch(() => undefined)
  expect(announced?.status ?? 413).toBe(413)
  const streamed = await made
    .call(EDITS, {
      method: 'POST',
      body: new Blob([whole]).stream(),
      duplex: 'half',
      headers: { 'content-type': 'multipart/form-data; boundary=----test' },
    })
    .catch(() => undefined)
  expect(streamed?.status ?? 413).toBe(413)
  expect(await made.leftovers()).toEqual([])
})

test('a form needs a boundary, a known type, and no compression', async () => {
  const made = await world()
  const body = form([...least, file('image', png)])
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
    const answer = await made.call(EDITS, { method: 'POST', body, headers })
    expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([status, code])
  }
})

test('a caller who leaves in the middle of an upload leaves nothing behind', async () => {
  const made = await world()
  const leave = new AbortController()
  const whole = form([...least, file('image', Buffer.concat([png, Buffer.alloc(MIB)]))])
  async function* slowly() {
    yield whole.subarray(0, MIB / 2)
    await new Promise(() => undefined)
  }
  const sent = made.call(EDITS, {
    method: 'POST',
    body: ReadableStream.from(slowly()),
    duplex: 'half',
    signal: leave.signal,
    headers: { 'content-type': 'multipart/form-data; boundary=----test' },
  })
  const { arrivals, records } = made
  await expect.poll(() => arrivals.length).toBe(1)
  leave.abort()
  await expect(sent).rejects.toThrow('abort')
  await expect.poll(() => records).toMatchObject([{ errorCode: 'caller_gone' }])
  expect(await made.leftovers()).toEqual([])
})

test('a caller whose upload stalls is told so, and leaves nothing behind', async () => {
  const clock = fakeClock()
  const made = await world({ clock })
  const whole = form([...least, file('image', Buffer.concat([png, Buffer.alloc(MIB)]))])
  async function* stalling() {
    yield whole.subarray(0, MIB / 2)
    await new Promise(() => undefined)
  }
  const answered = made.call(EDITS, {
    method: 'POST',
    body: ReadableStream.from(stalling()),
    duplex: 'half',
    headers: { 'content-type': 'multipart/form-data; boundary=----test' },
  })
  await expect.poll(() => made.arrivals.length).toBe(1)
  // Ten seconds, and as many for every 64 KiB that have arrived.
  await clock.advance(200_000)
  await expect
    .poll(() => made.records)
    .toMatchObject([{ status: 408, errorCode: 'request_timeout' }])
  const answer = await answered.catch(() => undefined)
  expect(answer?.status ?? 408).toBe(408)
  expect(await made.leftovers()).toEqual([])
})

test('variations are answered with where to go instead', async () => {
  const { post } = await world()
  const answer = await post('/v1/images/variations', {})
  expect(answer.status).toBe(404)
  expect((await jsonOf(answer)).error.message).toContain('/v1/images/edits')
})

const isPart = (part: Part | undefined): part is Part => part !== undefined
