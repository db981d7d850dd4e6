import { describe, expect, it } from 'vitest'

import { scanChatBody } from './json-scan.ts'

const scan = (text: string) => scanChatBody(Buffer.from(text))

describe('media of a chat body', () => {
  const base64 = 'A'.repeat(1024 * 1024)
  const wave = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(1024 * 1024)])
  const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(60_000)]).toString('base64')
  it.each<[string, object, number]>([
    ['audio', { input_audio: { data: base64, format: 'mp3' } }, 6_304],
    ['WAV', { input_audio: { data: wave.toString('base64'), format: 'wav' } }, 2_112],
    ['audio as a data URL', { audio_url: { url: `data:audio/mpeg;base64,${base64}` } }, 6_304],
    [
      'a PDF',
      { file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` } },
      22_500,
    ],
    ['a PDF without a media type', { file: { file_data: pdf } }, 22_500],
    ['a file of any size', { file: { file_data: base64 } }, 150_000],
    ['a picture without a media type', { source: { data: `/9j/${base64}` } }, 0],
  ])('counts media by its own measure, not by its base64: %s', (_name, part, tokens) => {
    const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [part] }] })
    for (const written of [text, text.replaceAll('/', '\\/')]) {
      const scanned = scan(written)
      expect(scanned.mediaTokens).toBe(tokens)
      expect(scanned.textBytes).toBeLessThan(400)
    }
  })

  it('recognizes media names written with escapes', () => {
    const url = `data:image/png;base64,${base64}`
    const remote = { type: 'image_url', image_url: { url: 'https://a.example/1.png' } }
    const parts = [{ type: 'image_url', image_url: { url } }, remote, remote]
    const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: parts }] })
    const everyChar = (word: string) =>
      [...word].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')
    const written = [
      text.replaceAll('image_url', String.raw`image\u005furl`),
      text.replaceAll('image_url', everyChar('image_url')),
      text.replaceAll('"url"', String.raw`"u\u0072l"`),
    ]
    for (const escaped of written) {
      expect(JSON.parse(escaped)).toEqual(JSON.parse(text))
      const scanned = scan(escaped)
      expect(scanned.attachments).toBe(3)
      expect(scanned.textBytes).toBeLessThan(900)
    }
  })

  it('leaves invalid escapes to the upstream', () => {
    const text = String.raw`{"model":"m","messages":[{"role":"user","content":"image\q"}]}`
    expect(scan(text)).toMatchObject({ attachments: 0 })
  })

  it.each<[string, object]>([
    ['text that looks like base64', { type: 'text', text: 'A'.repeat(10_000) }],
    ['text that begins like a data URL', { type: 'text', text: `data:,${'A'.repeat(10_000)}` }],
    ['plain text under a media name', { data: 'many words, '.repeat(1_000) }],
    ['arguments of a tool', { function: { arguments: `data:a/b;base64,${'A'.repeat(10_000)}` } }],
    ['a long name', { [`data:image/png;base64,${'A'.repeat(10_000)}`]: 1 }],
  ])('counts non-media values as text: %s', (_name, part) => {
    const scanned = scan(JSON.stringify({ model: 'm', messages: [{ content: [part] }] }))
    expect(scanned.textBytes).toBeGreaterThan(10_000)
    expect([scanned.mediaTokens, scanned.attachments]).toEqual([0, 0])
  })
})
