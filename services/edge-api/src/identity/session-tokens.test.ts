import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { TokenKind } from './session-tokens.ts'
import { createSessionTokens } from './session-tokens.ts'

const pepper = Buffer.alloc(32, 3).toString('base64')
const tokens = createSessionTokens({ pepper })
const token = { sessionId: `ses_${'0123456789abcdef'.repeat(2)}`, generation: 7, expiresAtS: 99 }
const kinds: TokenKind[] = ['access', 'refresh', 'cookie']

describe('a session token', () => {
  it('reads as it was written, for any numbers', () => {
    const ids = fc
      .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 32, maxLength: 32 })
      .map((hex) => `ses_${hex.join('')}`)
    const numbers = fc.integer({ min: 0, max: 2 ** 40 })
    fc.assert(
      fc.property(ids, numbers, numbers, (sessionId, generation, expiresAtS) => {
        const one = { sessionId, generation, expiresAtS }
        expect(tokens.read('access', tokens.write('access', one))).toEqual(one)
      }),
    )
  })

  it('is rejected as a token of another kind', () => {
    for (const kind of kinds) {
      for (const other of kinds.filter((one) => one !== kind)) {
        expect(tokens.read(other, tokens.write(kind, token))).toBeUndefined()
      }
    }
  })

  it('is rejected after any change to it', () => {
    const text = tokens.write('refresh', token)
    const characters = [...'.-_0aZz=%\n']
    for (let at = 0; at < text.length; at += 1) {
      for (const character of characters.filter((one) => one !== text[at])) {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        // The last of 43 letters has two unused bits.
        if (at === text.length - 1 && sameBytes(text, changed)) continue
        expect(tokens.read('refresh', changed)).toBeUndefined()
      }
    }
  })

  it.each(['', 'srt', `${'srt.'.repeat(40)}`, 'sk-sluice-0123', 'srt.a.b.c.d', '\u0000'])(
    'is not %j',
    (text) => {
      expect(tokens.read('refresh', text)).toBeUndefined()
    },
  )

  it('is rejected by an installation with other secrets', () => {
    const others = createSessionTokens({ pepper: Buffer.alloc(32, 4).toString('base64') })
    expect(others.read('access', tokens.write('access', token))).toBeUndefined()
  })

  it('needs no escaping in a header or a cookie', () => {
    for (const kind of kinds) expect(tokens.write(kind, token)).toMatch(/^[\w.-]{60,200}$/)
  })
})

const sameBytes = (one: string, other: string) =>
  Buffer.from(one.slice(-43), 'base64url').equals(Buffer.from(other.slice(-43), 'base64url'))
