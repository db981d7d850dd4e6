import { expect, it } from 'vitest'

import type { SessionState } from './session-state.ts'
import { checkLive, isTouchDue, rotate } from './session-state.ts'
import { changedUserStatus } from './user-status.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)
const idleMs = 86_400_000
const state: SessionState = {
  seenAt: at,
  expiresAt: later(idleMs),
  generation: 3,
  rotatedAt: at,
  end: null,
}
const user = { role: 'user', ban: null } as const

it('a session is valid until its expiry, and not after', () => {
  expect(() => checkLive({ state, user }, later(idleMs - 1))).not.toThrow()
  const over = expect.objectContaining({ code: 'invalid_session' })
  expect(() => checkLive({ state, user }, later(idleMs))).toThrow(over)
  const end = { at, reason: 'signed-out' } as const
  expect(() => checkLive({ state: { ...state, end }, user }, at)).toThrow(over)
})

it('a banned user gets the reason, also when the session had ended before', () => {
  const banned = { role: 'user', ban: { at, reason: 'spam', by: null } } as const
  const bannedError = expect.objectContaining({
    code: 'account_banned',
    message: expect.stringContaining('spam'),
  })
  const end = { at, reason: 'banned' } as const
  expect(() => checkLive({ state, user: banned }, at)).toThrow(bannedError)
  expect(() => checkLive({ state: { ...state, end }, user: banned }, later(2 * idleMs))).toThrow(
    bannedError,
  )
})

it('a row is touched at most once in five minutes', () => {
  expect(isTouchDue(state, later(299_999))).toBe(false)
  expect(isTouchDue(state, later(300_000))).toBe(true)
})

it('the valid refresh token rotates the session', () => {
  const rotation = rotate(state, { generation: 3, now: later(50), idleMs })
  expect(rotation).toEqual({
    outcome: 'rotated',
    state: {
      ...state,
      generation: 4,
      rotatedAt: later(50),
      seenAt: later(50),
      expiresAt: later(50 + idleMs),
    },
  })
})

it.each([
  [2, 0],
  [2, 29_999],
])('the previous refresh token (%i) can be repeated after %i ms', (generation, afterMs) => {
  const rotation = rotate(state, { generation, now: later(afterMs), idleMs })
  expect(rotation).toEqual({ outcome: 'repeated' })
})

it.each([
  [2, 30_000],
  [1, 0],
  [4, 0],
])('refresh token %i after %i ms ends the session', (generation, afterMs) => {
  const now = later(afterMs)
  const end = { at: now, reason: 'refresh-token-reused' }
  const rotation = rotate(state, { generation, now, idleMs })
  expect(rotation).toEqual({ outcome: 'reused', state: { ...state, end } })
})

const closed = { ban: { at, reason: 'x', by: null } }

it.each([{ role: 'user' } as const, closed])('the last admin does not become %j', (change) => {
  const tried = () => changedUserStatus({ role: 'admin', ban: null }, change, { activeAdmins: 0 })
  expect(tried).toThrow(expect.objectContaining({ code: 'last_admin' }))
})

it.each([
  ['admin', { role: 'user' }, 1],
  ['admin', closed, 1],
  ['admin', { ban: null }, 0],
  ['user', closed, 0],
  ['user', { role: 'admin' }, 0],
] as const)('an %s becomes %j beside %i other admins', (role, change, activeAdmins) => {
  const after = changedUserStatus({ role, ban: null }, change, { activeAdmins })
  expect(after).toEqual({ role, ban: null, ...change })
})

it('a banned admin, who has no access, may be demoted although no other admin is left', () => {
  const before = { role: 'admin', ban: { at, reason: 'x', by: null } } as const
  expect(changedUserStatus(before, { role: 'user' }, { activeAdmins: 0 }).role).toBe('user')
})
