import { randomBytes } from 'node:crypto'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LongText } from '../long-text.ts'
import { decodeBase64 } from './decode-base64.ts'

const MIB = 1024 * 1024

const decode = (json: string) => decodeBase64(new LongText(Buffer.from(json)), { param: 'image' })

async function whole(json: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of decode(json)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('yields to the event loop while twenty megabytes are decoded', async () => {
  const picture = randomBytes(15 * MIB)
  let turns = 0
  const count = () => {
    turns += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const chunks: Buffer[] = []
  for await (const chunk of decode(picture.toString('base64'))) {
    chunks.push(chunk)
    expect(chunk.length).toBeLessThan(MIB / 4)
  }
  clearImmediate(next)
  expect(turns).toBeGreaterThanOrEqual(chunks.length - 1)
  expect(Buffer.concat(chunks).equals(picture)).toBe(true)
})

test('accepts line breaks, both alphabets and missing padding', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 150_000, maxLength: 400_000, size: 'max' }),
      fc.constantFrom('', '\n', '\r\n'),
      fc.constantFrom('base64', 'base64url'),
      async (bytes, lineBreak, alphabet) => {
        const text = Buffer.from(bytes).toString(alphabet === 'base64' ? 'base64' : 'base64url')
        const lines = text.replaceAll(/.{76}/g, `$&${lineBreak}`)
        const json = JSON.stringify(lines).slice(1, -1)
        expect((await whole(json)).equals(bytes)).toBe(true)
        expect((await whole(json.replaceAll('/', '\\/'))).equals(bytes)).toBe(true)
      },
    ),
    { numRuns: 5 },
  )
})

const good = 'A'.repeat(300_000)
test.each([
  ['another character', `${good}!${good}`],
  ['padding in the middle', `${good}==${good}`],
  ['too much padding', `${good}===`],
  ['text', `${good} ä`],
  ['an invalid escape', `${good}\\x`],
])('refuses %s, naming the parameter', async (_name, json) => {
  await expect(whole(json)).rejects.toMatchObject({ code: 'invalid_value', param: 'image' })
})
