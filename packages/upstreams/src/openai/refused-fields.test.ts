import { createEgress } from '@sluice/egress/create-egress'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { OpenAiFixture } from '../../test/openai-fixture.ts'
import { generateWith, startOpenAiFixture } from '../../test/openai-fixture.ts'
import { createOpenAiUpstream } from './openai-upstream.ts'

let fixture: OpenAiFixture
beforeEach(async () => {
  fixture = await startOpenAiFixture()
})
afterEach(() => fixture.close())

const refuse = (field: string, behaviour: object = {}) =>
  fixture.simulator.script({
    match: { field },
    times: null,
    behaviour: {
      kind: 'status',
      status: 400,
      message: `Unknown parameter: '${field}'.`,
      ...behaviour,
    } as never,
  })
const compatibleModel = { upstreamModel: 'paint-compatible' }

describe('an added field that an image upstream rejects', () => {
  it.each([
    ['response_format', compatibleModel, {}],
    ['output_format', {}, {}],
    ['n', {}, { status: 422, body: { error: { message: 'no', param: 'n' } } }],
  ])('%s is omitted from a second call and all later ones', async (field, more, behaviour) => {
    refuse(field, behaviour)
    await generateWith(fixture, { more })
    await generateWith(fixture, { more })
    const calls = fixture.simulator.log().filter(({ route }) => route !== 'files')
    expect(calls).toHaveLength(3)
  })

  it('is still sent when the caller requests a non-default value', async () => {
    refuse('output_format')
    await generateWith(fixture, {})
    fixture.simulator.script([], { reset: true })
    const { facts } = await generateWith(fixture, { request: { format: 'webp' } })
    expect(facts.format).toBe('webp')
  })

  it.each(['stream', 'partial_images'])('%s disables only the partial images', async (field) => {
    refuse(field)
    const partials: number[] = []
    const onPartial = async ({ index }: { index: number }) => void partials.push(index)
    const request = { partialImages: 2 }
    const { bytes } = await generateWith(fixture, { request, more: { onPartial } })
    expect(bytes.length).toBeGreaterThan(0)
    expect(partials).toEqual([])
    expect(fixture.simulator.log().map(({ stream }) => stream)).toEqual([true, false])
  })

  it('is not omitted when the caller set it: the caller gets the rejection', async () => {
    refuse('output_format', { param: 'output_format' })
    const generated = generateWith(fixture, { request: { format: 'webp' } })
    await expect(generated).rejects.toMatchObject({ failure: { failureClass: 'caller-bad' } })
    refuse('quality')
    await expect(generateWith(fixture, {})).rejects.toMatchObject({ failure: { status: 400 } })
  })
})

describe('an image that an upstream returned by URL', () => {
  const generateImage = async (baseUrl: string, settings: Record<string, unknown> = {}) => {
    const egress = createEgress({})
    const deps = { ...egress, clock: systemClock, random: systemRandom }
    const access = { ...fixture.access, baseUrl, settings }
    const upstream = createOpenAiUpstream(deps)
    try {
      return await generateWith({ ...fixture, upstream, access }, { more: compatibleModel })
    } finally {
      await egress.close()
    }
  }

  it('on the host of the base URL is fetched although the host is private', async () => {
    fixture.simulator.script({ behaviour: { kind: 'picture', variant: 'url' } })
    const { bytes } = await generateImage(fixture.access.baseUrl)
    expect(bytes.length).toBeGreaterThan(0)
    expect(fixture.simulator.log().map(({ route }) => route)).toContain('files')
  })

  it('on another private host is fetched only if a setting allows it', async () => {
    const { port } = new URL(fixture.simulator.url)
    const elsewhere = `http://localhost:${port}/v1`
    fixture.simulator.script({ times: null, behaviour: { kind: 'picture', variant: 'url' } })
    await expect(generateImage(elsewhere)).rejects.toMatchObject({
      failure: { reason: 'answer-broken' },
    })
    const { bytes } = await generateImage(elsewhere, { allowPrivate: [`127.0.0.1:${port}`] })
    expect(bytes.length).toBeGreaterThan(0)
  })
})
