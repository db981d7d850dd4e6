import type { ImageRequest } from '@sluice/contracts/image-request'

import { describe, expect, it } from 'vitest'

import { imageParameters } from './image-parameters.ts'

const plain: ImageRequest = {
  kind: 'generate',
  model: 'public-name',
  prompt: 'a fox',
  count: 4,
  size: 'auto',
  quality: 'auto',
  background: 'auto',
  format: 'png',
  partialImages: 2,
  images: [],
}

const of = (
  request: Partial<ImageRequest>,
  upstreamModel = 'gpt-image-2',
  partialImages: number | null = null,
) => imageParameters({ request: { ...plain, ...request }, upstreamModel, partialImages })

describe('imageParameters', () => {
  it("requests one image by the upstream's model name, without automatic parameters", () => {
    expect(of({})).toEqual({ model: 'gpt-image-2', prompt: 'a fox', n: 1, output_format: 'png' })
  })

  it('sends all parameters of the caller', () => {
    const request = {
      size: '1536x1024',
      quality: 'high',
      background: 'transparent',
      format: 'webp',
      compression: 60,
      moderation: 'low',
      safetyIdentifier: 'hash',
    } as const
    expect(of(request)).toMatchObject({
      size: '1536x1024',
      quality: 'high',
      background: 'transparent',
      output_format: 'webp',
      output_compression: 60,
      moderation: 'low',
      safety_identifier: 'hash',
    })
  })

  it('requests base64 from a compatible service, without parameters it does not support', () => {
    expect(of({}, 'paint-xl')).toEqual({
      model: 'paint-xl',
      prompt: 'a fox',
      n: 1,
      response_format: 'b64_json',
    })
    expect(of({ format: 'jpeg' }, 'paint-xl')).toMatchObject({ output_format: 'jpeg' })
  })

  it.each([
    ['dall-e-3', 'high', 'hd', 'hd'],
    ['dall-e-3', 'medium', 'standard', 'standard'],
    ['dall-e-3', 'max', undefined, 'hd'],
    ['dall-e-3', 'low', undefined, 'standard'],
    ['azure/dall-e-3-deployment', 'high', undefined, 'hd'],
    ['cogview-4', 'high', undefined, 'hd'],
    ['dall-e-2', 'high', 'hd', undefined],
    ['gpt-image-2', 'high', 'hd', 'high'],
    ['gpt-image-2', 'medium', 'standard', 'medium'],
    ['paint-xl', 'high', 'hd', 'hd'],
    ['paint-xl', 'high', undefined, 'high'],
    ['dall-e-3', 'auto', undefined, undefined],
  ] as const)('sends quality with the values of %s', (model, quality, qualityWord, sent) => {
    expect(of({ quality, qualityWord }, model)['quality']).toBe(sent)
  })

  it("passes on DALL·E 3's style, but not to a GPT image model, which rejects it", () => {
    expect(of({ extra: { style: 'vivid' } }, 'dall-e-3')).toMatchObject({ style: 'vivid' })
    expect(of({ extra: { style: 'vivid' } })).not.toHaveProperty('style')
  })

  it('recognises a GPT image model with a vendor prefix', () => {
    expect(of({}, 'openai/gpt-image-1.5')).not.toHaveProperty('response_format')
  })

  it('requests a stream only for partial images', () => {
    expect(of({}, 'gpt-image-2', 2)).toMatchObject({ stream: true, partial_images: 2 })
    expect(of({}, 'gpt-image-2', null)).not.toHaveProperty('stream')
  })

  it.each([
    ['gpt-image-1.5', 'high', 'high'],
    ['gpt-image-1-mini', 'high', undefined],
    ['gpt-image-1-mini', 'low', 'low'],
    ['gpt-image-2', 'high', undefined],
    ['gpt-image-2.6-flare', 'high', undefined],
    ['chatgpt-image-latest', 'high', 'high'],
    ['paint-xl', 'high', 'high'],
  ] as const)('drops an input fidelity that %s rejects: %s → %s', (model, inputFidelity, sent) => {
    const { input_fidelity: fidelity } = of({ kind: 'edit', inputFidelity }, model)
    expect(fidelity).toBe(sent)
  })

  it('never sends parameters of the other route', () => {
    expect(of({ inputFidelity: 'high' }, 'gpt-image-1.5')).not.toHaveProperty('input_fidelity')
    expect(of({ kind: 'edit', moderation: 'low' })).not.toHaveProperty('moderation')
  })

  it('passes on unknown parameters, but none that the gateway sets', () => {
    const extra = { complexity: 'high', n: 10, stream: true, response_format: 'url', model: 'x' }
    const sent = of({ extra: { ...extra, partial_images: 3, __proto__: null } })
    expect(sent).toMatchObject({ complexity: 'high', n: 1, model: 'gpt-image-2' })
    expect(sent).not.toHaveProperty('stream')
    expect(sent).not.toHaveProperty('response_format')
    expect(sent).not.toHaveProperty('partial_images')
  })
})
