import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { namesField, refusedFields } from './refused-fields.ts'

describe('refused fields', () => {
  it('are stored per key for an hour', async () => {
    const clock = fakeClock()
    const refused = refusedFields({ clock })
    refused.note('a', ['x'])
    refused.note('a', ['y'])
    expect([...refused.of('a')]).toEqual(['x', 'y'])
    expect(refused.of('b').size).toBe(0)
    await clock.advance(60 * 60 * 1_000)
    expect(refused.of('a').size).toBe(0)
  })

  it('are limited in number of keys', () => {
    const refused = refusedFields({ clock: fakeClock() })
    for (let index = 0; index < 10_001; index += 1) refused.note(`${index}`, ['x'])
    expect(refused.of('0').size).toBe(0)
    expect(refused.of('10000').size).toBe(1)
  })
})

describe('an error names a field', () => {
  it.each([
    ['stream_options', { text: 'stream_options is not permitted' }],
    ['stream_options', { text: '{"detail":[{"loc":["body","stream_options"],"msg":"extra"}]}' }],
    ['stream_options', { text: 'Unrecognized request argument: Stream_Options' }],
    ['response_format', { text: "Unknown parameter: 'response_format'." }],
    ['response_format', { param: 'response_format', text: 'no' }],
    ['n', { param: 'n', text: 'no' }],
    ['stream', { text: "'stream' is not supported" }],
    ['partial_images', { param: 'partial_images[0]', text: '' }],
  ])('%s in %j', (field, named) => {
    expect(namesField(field, named)).toBe(true)
  })

  it.each([
    ['stream_options', { text: 'my_stream_options_v2 is odd' }],
    ['n', { text: 'An error in the prompt' }],
    ['stream', { text: 'the stream was closed' }],
    ['response_format', { param: 'size', text: 'Invalid size' }],
  ])('and not %s in %j', (field, named) => {
    expect(namesField(field, named)).toBe(false)
  })
})
