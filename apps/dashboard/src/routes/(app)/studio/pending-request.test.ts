import { describe, expect, it } from 'vitest'

import { pendingRequestFor, isFinal, isListed, readPendingRequest } from './pending-request.ts'

const keys = () => {
  let made = 0
  return () => `key-${(made += 1)}`
}

describe('a pending request', () => {
  it('keeps its key for a retry without a response', () => {
    const newKey = keys()
    const first = pendingRequestFor(undefined, {
      fingerprint: 'a fox',
      prompt: 'a fox',
      nowMs: 0,
      newKey,
    })
    const again = pendingRequestFor(first, {
      fingerprint: 'a fox',
      prompt: 'a fox',
      nowMs: 30_000,
      newKey,
    })
    expect(again).toEqual(first)
  })

  it('is a new one for another request, or much later', () => {
    const newKey = keys()
    const first = pendingRequestFor(undefined, {
      fingerprint: 'a fox',
      prompt: 'a fox',
      nowMs: 0,
      newKey,
    })
    expect(
      pendingRequestFor(first, { fingerprint: 'a hare', prompt: 'a hare', nowMs: 1, newKey }).key,
    ).not.toBe(first.key)
    expect(
      pendingRequestFor(first, { fingerprint: 'a fox', prompt: 'a fox', nowMs: 600_000, newKey })
        .key,
    ).not.toBe(first.key)
  })

  it('survives a reload, and invalid stored values are ignored', () => {
    const open = { key: 'abcdefgh', fingerprint: '{}', prompt: 'a fox', sinceMs: 5 }
    expect(readPendingRequest(JSON.stringify(open))).toEqual(open)
    for (const studioStorage of [
      null,
      '',
      '{',
      '1',
      '{}',
      '{"key":"a b","fingerprint":"","sinceMs":1}',
    ]) {
      expect(readPendingRequest(studioStorage)).toBeUndefined()
    }
  })
})

it('is completed once the list has its task, so that the same request creates a new task', () => {
  const open = {
    key: 'abcdefgh',
    fingerprint: '{}',
    prompt: 'a fox',
    sinceMs: Date.UTC(2026, 0, 2),
  }
  const task = (prompt: string, created: string) => ({ prompt, created_at: created })
  expect(isListed(open, [task('a fox', '2026-01-02T00:00:01Z')])).toBe(true)
  expect(isListed(open, [task('a fox', '2026-01-01T00:00:00Z')])).toBe(false)
  expect(isListed(open, [task('a hare', '2026-01-02T00:00:01Z')])).toBe(false)
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
