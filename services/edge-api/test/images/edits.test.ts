import { toFile } from 'openai'
import { expect, test } from 'vitest'

import type { Part } from './form-parts.ts'
import { EDITS, png, jpeg, webp, mask, requiredParts, file, send, form } from './form-parts.ts'
import type { Generation } from './test-runner.ts'
import { jsonOf, createFixture } from './fixture.ts'

/** A fixture that records the generations of its runner. */
async function openRecorded() {
  const generations: Generation[] = []
  const fixture = await createFixture({
    generateImage: async (generation) => {
      generations.push(generation)
      return undefined
    },
  })
  return { ...fixture, generations }
}

test('an SDK edit of two pictures with a mask reaches the runner byte for byte', async () => {
  const { sdk, generations } = await openRecorded()
  const answer = await sdk().images.edit({
    model: 'gpt-image-2',
    mask: await toFile(mask, 'mask.png', { type: 'image/png' }),
    prompt: 'put the red beside the blue',
    n: 2,
    image: [await toFile(png, 'red.png'), await toFile(jpeg, 'blue.jpg')],
  })
  expect(answer.data).toHaveLength(2)
  const [generation] = generations
  const { request, read } = generation ?? {}
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

test('one file under `image` can be edited with a stream of events', async () => {
  const { sdk } = await openRecorded()
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

test('parts are accepted in any order, under every known name, with any declared type', async () => {
  const fixture = await openRecorded()
  const orders: Part[][] = [
    [file('mask', mask), file('image[]', png), ...requiredParts],
    [
      ...requiredParts,
      file('image', png, 'text/plain'),
      file('image[]', webp, 'application/octet-stream'),
    ],
    [{ name: 'image', value: png, type: 'image/png' }, ...requiredParts],
    [file('image[0]', png), { name: 'n', value: '1' }, file('image[1]', jpeg), ...requiredParts],
    [
      file('image', png),
      ...requiredParts,
      { name: 'input_fidelity', value: 'high' },
      file('other', webp),
    ],
  ]
  const counts: string[] = []
  for (const order of orders) {
    const answer = await send(fixture, form(order))
    const { images, mask: found } = fixture.generations.at(-1)?.request ?? { images: [] }
    counts.push(`${answer.status} ${images.length}${found ? ' mask' : ''}`)
    await answer.arrayBuffer()
  }
  expect(counts).toEqual(['200 1 mask', '200 2', '200 1', '200 2', '200 1'])
})

test('pictures in JSON are accepted for edits', async () => {
  const { post, generations } = await openRecorded()
  const image = [`data:image/png;base64,${png.toString('base64')}`, jpeg.toString('base64')]
  const body = { model: 'gpt-image-2', prompt: 'blue', image, mask: mask.toString('base64') }
  expect((await post(EDITS, body)).status).toBe(200)
  expect(generations[0]?.request).toMatchObject({ kind: 'edit', mask: { bytes: mask.length } })
  expect(generations[0]?.request.images).toHaveLength(2)
})

test('variations are answered with the route to use instead', async () => {
  const { post } = await createFixture()
  const answer = await post('/v1/images/variations', {})
  expect(answer.status).toBe(404)
  expect((await jsonOf(answer)).error.message).toContain('/v1/images/edits')
})
