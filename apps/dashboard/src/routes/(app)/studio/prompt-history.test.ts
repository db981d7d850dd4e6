import { describe, expect, it } from 'vitest'

import {
  isOnFirstLine,
  isOnLastLine,
  notRecalling,
  readHistory,
  recallNewer,
  recallOlder,
  rememberPrompt,
} from './prompt-history.ts'
import type { Recalled } from './prompt-history.ts'

const history = ['third', 'second', 'first']

function walk(steps: ('older' | 'newer')[], from: string): string {
  let here: Recalled = { recall: notRecalling, text: from }
  for (const step of steps) {
    const move = step === 'older' ? recallOlder : recallNewer
    here = move(history, here) ?? here
  }
  return here.text
}

describe('arrow-up in the prompt', () => {
  it('goes back from the newest, and stays at the oldest', () => {
    expect(walk(['older'], '')).toBe('third')
    expect(walk(['older', 'older', 'older', 'older'], '')).toBe('first')
  })

  it('returns to the draft when moving forward', () => {
    expect(walk(['older', 'older', 'newer', 'newer'], 'a draft')).toBe('a draft')
    expect(walk(['newer'], 'a draft')).toBe('a draft')
  })

  it('skips a prompt that is equal to the current text', () => {
    expect(walk(['older'], 'third')).toBe('second')
  })

  it('moves the cursor when there is a line above', () => {
    expect(isOnFirstLine('', { start: 0, end: 0 })).toBe(true)
    expect(isOnFirstLine('one\ntwo', { start: 3, end: 3 })).toBe(true)
    expect(isOnFirstLine('one\ntwo', { start: 4, end: 4 })).toBe(false)
    expect(isOnFirstLine('one', { start: 0, end: 3 })).toBe(false)
    expect(isOnLastLine('one\ntwo', { start: 4, end: 4 })).toBe(true)
    expect(isOnLastLine('one\ntwo', { start: 3, end: 3 })).toBe(false)
  })
})

describe('the history', () => {
  it('has each prompt once, the newest first, and at most fifty', () => {
    expect(rememberPrompt(history, ' first ')).toEqual(['first', 'third', 'second'])
    expect(rememberPrompt(history, '  ')).toEqual(history)
    const many = Array.from({ length: 60 }, (_, index) => `prompt ${index}`)
    expect(rememberPrompt(many, 'new')).toHaveLength(50)
  })

  it('is empty if the stored value is invalid', () => {
    for (const studioStorage of [null, '', '{', '{"a":1}', '"text"', '[1,{}]']) {
      expect(readHistory(studioStorage)).toEqual([])
    }
    expect(readHistory('["a", 1, "b"]')).toEqual(['a', 'b'])
  })
})
