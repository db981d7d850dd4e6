import { describe, expect, it } from 'vitest'

import { intend, isFinal, isSeen, readIntention } from './intention.ts'

const keys = () => {
  let made = 0
  return () => `key-${(made += 1)}`
}

describe('an intention', () => {
  it('keeps its key through a retry after a lost answer', () => {
    const newKey = keys()
    const first = intend(undefined, { asked: 'a fox', prompt: 'a fox', nowMs: 0, newKey })
    const again = intend(first, { asked: 'a fox', prompt: 'a fox', nowMs: 30_000, newKey })
    expect(again).toEqual(first)
  })

  it('is another one when anything else is asked, or much later', () => {
    const newKey = keys()
    const first = intend(undefined, { asked: 'a fox', prompt: 'a fox', nowMs: 0, newKey })
    expect(intend(first, { asked: 'a hare', prompt: 'a hare', nowMs: 1, newKey }).key).not.toBe(
      first.key,
    )
    expect(intend(first, { asked: 'a fox', prompt: 'a fox', nowMs: 600_000, newKey }).key).not.toBe(
      first.key,
    )
  })

  it('survives a reload, and nonsense in the browser is none', () => {
    const open = { key: 'abcdefgh', asked: '{}', prompt: 'a fox', sinceMs: 5 }
    expect(readIntention(JSON.stringify(open))).toEqual(open)
    for (const studioStorage of [
      null,
      '',
      '{',
      '1',
      '{}',
      '{"key":"a b","asked":"","sinceMs":1}',
    ]) {
      expect(readIntention(studioStorage)).toBeUndefined()
    }
  })
})

it('is over once the list shows its task, so that the same again makes another one', () => {
  const open = { key: 'abcdefgh', asked: '{}', prompt: 'a fox', sinceMs: Date.UTC(2026, 0, 2) }
  const task = (prompt: string, created: string) => ({ prompt, created_at: created })
  expect(isSeen(open, [task('a fox', '2026-01-02T00:00:01Z')])).toBe(true)
  expect(isSeen(open, [task('a fox', '2026-01-01T00:00:00Z')])).toBe(false)
  expect(isSeen(open, [task('a hare', '2026-01-02T00:00:01Z')])).toBe(false)
})

it.each([
  ['a refusal', 400, 'invalid_value', true],
  ['an empty wallet', 402, 'insufficient_credit', true],
  ['an ended session', 401, 'invalid_session', true],
  ['no answer', 0, 'network', false],
  ['a fault of the gateway', 500, 'internal_error', false],
  ['a broken line in the middle', 502, 'unavailable', false],
  ['the same still running', 409, 'request_in_progress', false],
  ['an upload that stuck', 408, 'request_timeout', false],
  ['an answer that is cut', 202, 'unreadable', false],
])('%s is final or not', (_, status, code, final) => {
  expect(isFinal({ status, code })).toBe(final)
})
