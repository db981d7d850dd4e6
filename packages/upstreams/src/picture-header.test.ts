import { seededRandom } from '@sluice/kernel/random'

import sharp from 'sharp'
import { describe, expect, it } from 'vitest'

import { readPictureHeader } from './picture-header.ts'

const picture = (width: number, height: number, alpha = 1) =>
  sharp({
    create: {
      width,
      height,
      channels: alpha === 1 ? 3 : 4,
      background: { r: 9, g: 99, b: 200, alpha },
    },
  })

const made = {
  png: () => picture(37, 21).png().toBuffer(),
  'png with alpha': () => picture(37, 21, 0.5).png().toBuffer(),
  'png with a palette': () => picture(37, 21).png({ palette: true }).toBuffer(),
  'png with a clear palette': () => picture(37, 21, 0).png({ palette: true }).toBuffer(),
  jpeg: () => picture(37, 21).jpeg().toBuffer(),
  'progressive jpeg': () => picture(37, 21).jpeg({ progressive: true }).withMetadata().toBuffer(),
  webp: () => picture(37, 21).webp().toBuffer(),
  'lossless webp': () => picture(37, 21).webp({ lossless: true }).toBuffer(),
  'lossless webp with alpha': () => picture(37, 21, 0.5).webp({ lossless: true }).toBuffer(),
  'webp with alpha': () => picture(37, 21, 0.5).webp().toBuffer(),
  'extended webp': () => picture(37, 21).webp().withMetadata({ orientation: 3 }).toBuffer(),
}
const kinds = Object.keys(made) as (keyof typeof made)[]

describe('readPictureHeader', () => {
  it.each(kinds)('reads the same as a decoder from a %s', async (kind) => {
    const bytes = await made[kind]()
    const { format, width, height, hasAlpha } = await sharp(bytes).metadata()
    const expected = { format, width, height, alpha: hasAlpha, whole: true }
    expect(readPictureHeader(bytes)).toEqual(expected)
  })

  it.each(kinds)('detects a truncated %s', async (kind) => {
    const bytes = await made[kind]()
    for (const share of [0.6, 0.8, 0.95]) {
      const header = readPictureHeader(bytes.subarray(0, Math.floor(bytes.length * share)))
      expect(header?.whole ?? false).toBe(false)
    }
  })

  it.each([
    ['nothing', ''],
    ['HTML', '<html><body>no</body></html>'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['GIF', 'GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000;'],
    ['a bare signature', '\u0089PNG\r\n\u001a\n'],
  ])('recognises no image in %s', (_name, text) => {
    expect(readPictureHeader(Buffer.from(text, 'latin1'))).toBeUndefined()
  })

  it('rejects an image without width or height', async () => {
    const bytes = await made.png()
    bytes.writeUInt32BE(0, 16)
    expect(readPictureHeader(bytes)).toBeUndefined()
  })

  it('does not throw for corrupt bytes', async () => {
    const random = seededRandom(20_261_121)
    for (const kind of kinds) {
      const bytes = await made[kind]()
      for (let turn = 0; turn < 200; turn += 1) {
        const corrupt = Buffer.from(bytes.subarray(0, random.integer(bytes.length + 1)))
        for (let hit = 0; hit < 5 && corrupt.length > 0; hit += 1) {
          corrupt[random.integer(corrupt.length)] = random.integer(256)
        }
        expect(() => readPictureHeader(corrupt)).not.toThrow(Error)
      }
    }
  })
})
