import { createEgress } from '@sluice/egress/create-egress'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { OpenAiWorld } from '../../test/openai-world.ts'
import { drawWith, startOpenAiWorld } from '../../test/openai-world.ts'
import { createOpenAiUpstream } from './openai-upstream.ts'

let world: OpenAiWorld
beforeEach(async () => {
  world = await startOpenAiWorld()
})
afterEach(() => world.close())

const refuse = (field: string, act: object = {}) =>
  world.simulator.script({
    match: { field },
    times: null,
    act: {
      kind: 'status',
      status: 400,
      message: `Unknown parameter: '${field}'.`,
      ...act,
    } as never,
  })
const lookAlike = { upstreamModel: 'paint-look-alike' }

describe('a field of our own that an upstream of images refuses', () => {
  it.each([
    ['response_format', lookAlike, {}],
    ['output_format', {}, {}],
    ['n', {}, { status: 422, body: { error: { message: 'no', param: 'n' } } }],
  ])('%s is left out of a second call, and of all later ones', async (field, more, act) => {
    refuse(field, act)
    await drawWith(world, { more })
    await drawWith(world, { more })
    const calls = world.simulator.log().filter(({ route }) => route !== 'files')
    expect(calls).toHaveLength(3)
  })

  it('is still sent where a caller asks for more than everybody gets', async () => {
    refuse('output_format')
    await drawWith(world, {})
    world.simulator.script([], { reset: true })
    const { facts } = await drawWith(world, { request: { format: 'webp' } })
    expect(facts.format).toBe('webp')
  })

  it.each(['stream', 'partial_images'])(
    '%s costs the partial pictures and nothing else',
    async (field) => {
      refuse(field)
      const partials: number[] = []
      const onPartial = async ({ index }: { index: number }) => void partials.push(index)
      const request = { partialImages: 2 }
      const { bytes } = await drawWith(world, { request, more: { onPartial } })
      expect(bytes.length).toBeGreaterThan(0)
      expect(partials).toEqual([])
      expect(world.simulator.log().map(({ stream }) => stream)).toEqual([true, false])
    },
  )

  it("is not taken for one of the caller's: their format stays, and the refusal is theirs", async () => {
    refuse('output_format', { param: 'output_format' })
    const drawn = drawWith(world, { request: { format: 'webp' } })
    await expect(drawn).rejects.toMatchObject({ failure: { failureClass: 'caller-bad' } })
    refuse('quality')
    await expect(drawWith(world, {})).rejects.toMatchObject({ failure: { status: 400 } })
  })
})

describe('a picture that an upstream left at an address', () => {
  const draw = async (baseUrl: string, settings: Record<string, unknown> = {}) => {
    const egress = createEgress({})
    const deps = { ...egress, clock: systemClock, random: systemRandom }
    const access = { ...world.access, baseUrl, settings }
    const upstream = createOpenAiUpstream(deps)
    try {
      return await drawWith({ ...world, upstream, access }, { more: lookAlike })
    } finally {
      await egress.close()
    }
  }

  it('on the host of the base URL is fetched, although that is a private one', async () => {
    world.simulator.script({ act: { kind: 'picture', lie: 'url' } })
    const { bytes } = await draw(world.access.baseUrl)
    expect(bytes.length).toBeGreaterThan(0)
    expect(world.simulator.log().map(({ route }) => route)).toContain('files')
  })

  it('on another private host is fetched only where a setting names it', async () => {
    const { port } = new URL(world.simulator.url)
    const elsewhere = `http://localhost:${port}/v1`
    world.simulator.script({ times: null, act: { kind: 'picture', lie: 'url' } })
    await expect(draw(elsewhere)).rejects.toMatchObject({ failure: { reason: 'answer-broken' } })
    const { bytes } = await draw(elsewhere, { allowPrivate: [`127.0.0.1:${port}`] })
    expect(bytes.length).toBeGreaterThan(0)
  })
})
