import type { Role } from '@sluice/contracts/control/permissions'
import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { watchSession } from './watch-session.ts'

const session = { userId: 'u', sessionId: 's', email: 'e', wallet: 'w' } as const
const headers = { cookie: 'c=1', authorization: undefined }

function setUp() {
  const clock = fakeClock()
  let refusal: AppError | undefined
  let role: Role = 'admin'
  const calls: unknown[] = []
  const identity = {
    authenticate: async (credentials: object) => {
      calls.push(credentials)
      if (refusal) throw refusal
      return { ...session, role }
    },
  }
  const permission = 'overview:read'
  const watch = watchSession({ clock, identity, log: recordedLog() }, { headers, permission })
  return {
    clock,
    calls,
    watch,
    refuse: (error?: AppError) => void (refusal = error),
    demote: () => void (role = 'user'),
  }
}

test('aborts within a second after the session ends, using the credentials of the stream', async () => {
  const { clock, calls, watch, refuse } = setUp()
  await clock.advance(10_000)
  expect(watch.signal.aborted).toBe(false)
  expect(calls[0]).toEqual({ cookie: 'c=1', authorization: undefined })
  refuse(new AppError('account_banned', 'Closed.'))
  await clock.advance(1_000)
  expect(watch.signal.reason).toMatchObject({ code: 'account_banned' })
})

test('aborts when the role no longer has the permission', async () => {
  const { clock, watch, demote } = setUp()
  demote()
  await clock.advance(1_000)
  expect(watch.signal.reason).toMatchObject({ code: 'permission_denied' })
})

test('while the session cannot be checked it is unverified but not aborted; stop ends the checks', async () => {
  const { clock, calls, watch, refuse } = setUp()
  refuse(new AppError('unavailable', 'The database is unavailable.'))
  await clock.advance(10_000)
  expect(watch.signal.aborted).toBe(false)
  expect(watch.isVerified()).toBe(false)
  refuse()
  await clock.advance(1_000)
  expect(watch.isVerified()).toBe(true)
  watch.stop()
  const before = calls.length
  await clock.advance(10_000)
  expect(calls.length).toBe(before)
})
