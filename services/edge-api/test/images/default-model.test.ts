import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'
import { expect, test } from 'vitest'

import { file, form, png, send } from './form-parts.ts'
import type { FixtureOptions } from './fixture.ts'
import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const prompt = { prompt: 'a red fox' }

/** The image routes, with a list of the generated requests. */
async function open(options: FixtureOptions = {}) {
  const generatedRequests: string[] = []
  const fixture = await createFixture({
    ...options,
    generateImage: async ({ request }) => {
      generatedRequests.push(`${request.kind} ${request.model}`)
      return undefined
    },
  })
  return { ...fixture, generatedRequests }
}

const offering = (usual: CatalogChannel, priority: number, ...names: string[]): CatalogChannel => ({
  ...usual,
  id: usual.id.replace(/1$/, String(priority)),
  priority,
  models: names.map((model) => ({ model, upstreamModel: model, kinds: ['image'] })),
})

test('a request without a model uses the first image model, on every route and in every form', async () => {
  const fixture = await open()
  const { post, generatedRequests, ledger } = fixture
  expect((await post(GENERATIONS, prompt)).status).toBe(200)
  expect((await post(GENERATIONS, { ...prompt, model: null })).status).toBe(200)
  expect((await post(GENERATIONS, { ...prompt, stream: true })).status).toBe(200)
  const image = `data:image/png;base64,${png.toString('base64')}`
  expect((await post('/v1/images/edits', { ...prompt, image })).status).toBe(200)
  const fields = [file('image', png), { name: 'prompt', value: 'a red fox' }]
  expect((await send(fixture, form(fields))).status).toBe(200)
  // Go clients send unset fields as empty.
  expect((await send(fixture, form([{ name: 'model', value: '' }, ...fields]))).status).toBe(200)
  const first = 'gpt-image-1.5'
  const generated = Array.from({ length: 3 }, () => `generate ${first}`)
  expect(generatedRequests).toEqual([
    ...generated,
    ...Array.from({ length: 3 }, () => `edit ${first}`),
  ])
  await expect.poll(ledger.availableMicro).toBe(94_000_000n)
})

test('the channel with the highest priority decides', async () => {
  const channels = (usual: CatalogChannel) => [
    offering(usual, 2, 'a-picture'),
    offering(usual, 3, 'c-picture', 'b-picture'),
  ]
  const { post, generatedRequests } = await open({ channels })
  expect((await post(GENERATIONS, prompt)).status).toBe(200)
  expect(generatedRequests).toEqual(['generate b-picture'])
})

test.each([
  ['is used', 'gpt-image-2', 'sk-one', 'gpt-image-2'],
  ['applies only to keys that may use it', 'gpt-image-2', 'sk-narrow', 'gpt-image-1.5'],
  ['applies only while a channel offers it', 'gone', 'sk-one', 'gpt-image-1.5'],
  ['applies only to image models', 'gpt-4o', 'sk-one', 'gpt-image-1.5'],
])('the setting %s: %s of %s', async (_name, imageDefaultModel, key, model) => {
  const { post, generatedRequests } = await open({ config: { imageDefaultModel } })
  expect((await post(GENERATIONS, prompt, { key })).status).toBe(200)
  expect(generatedRequests).toEqual([`generate ${model}`])
})

test('without a usable image model, the parameter is required', async () => {
  const { post, leftovers } = await open({ channels: () => [] })
  const answer = await post(GENERATIONS, prompt)
  const { error } = await jsonOf(answer)
  const refusal = [400, 'missing_required_parameter', 'model']
  expect([answer.status, error.code, error.param]).toEqual(refusal)
  expect(await leftovers()).toEqual([])
})
