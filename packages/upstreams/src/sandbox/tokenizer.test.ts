import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'

import { lazyTokenizer, piecesOf } from './tokenizer.ts'

describe('the tokenizer', () => {
  it('counts long prose in pieces exactly as in one piece', async () => {
    const tokenizer = await lazyTokenizer()()
    const prose = 'The quick brown fox jumps over the lazy dog, and no one knows why. '.repeat(100)
    expect(piecesOf(prose).length).toBeGreaterThan(5)
    expect(piecesOf(prose).join('')).toBe(prose)
    expect(tokenizer.count(prose)).toBe(countTokens(prose))
  })

  it('never splits a character', () => {
    const text = `a${'😀'.repeat(2_000)}`
    expect(piecesOf(text).join('')).toBe(text)
    for (const piece of piecesOf(text)) expect(piece.isWellFormed()).toBe(true)
  })

  it('also counts text without spaces or beyond its limit', async () => {
    const tokenizer = await lazyTokenizer()()
    expect(tokenizer.count('猫'.repeat(5_000))).toBe(5_000)
    expect(tokenizer.count('word '.repeat(100_000))).toBeGreaterThan(99_000)
    expect(tokenizer.count('')).toBe(0)
  })
})
