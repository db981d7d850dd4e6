import { buffer } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

import { formBody } from './form-body.ts'

describe('formBody', () => {
  it('is parsed correctly by another parser and has its stated length', async () => {
    const bytes = new Uint8Array([0, 13, 10, 45, 45, 255])
    const text = 'two\r\nlines — ümlaut 猫'
    const form = formBody({
      parts: [
        { name: 'prompt', text },
        { name: 'image[]', fileName: 'image-1.png', contentType: 'image/png', bytes },
        { name: 'image[]', fileName: 'image-2.webp', contentType: 'image/webp', bytes },
      ],
      boundary: 'boundary-1',
    })
    const body = await buffer(form.stream)
    expect(body.byteLength).toBe(form.contentLength)
    const headers = { 'content-type': form.contentType }
    const parsed = await new Response(new Uint8Array(body), { headers }).formData()
    expect([...parsed.keys()]).toEqual(['prompt', 'image[]', 'image[]'])
    expect(parsed.get('prompt')).toBe(text)
    const files = parsed.getAll('image[]').filter((file) => typeof file !== 'string')
    expect(files.map(({ name, type }) => [name, type])).toEqual([
      ['image-1.png', 'image/png'],
      ['image-2.webp', 'image/webp'],
    ])
    expect(new Uint8Array((await files[1]?.arrayBuffer()) ?? [])).toEqual(bytes)
  })
})
