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
  const asked: unknown[] = []
  const identity = {
    authenticate: async (credentials: object) => {
      asked.push(credentials)
      if (refusal) throw refusal
      return { ...session, role }
    },
  }
  const permission = 'overview:read'
  const watch = watchSession({ clock, identity, log: recordedLog() }, { headers, permission })
  return {
    clock,
    asked,
    watch,
    refuse: (error?: AppError) => void (refusal = error),
    demote: () => void (role = 'user'),
  }
}

test('the end of a session is noticed within a second, by the credentials that opened the stream', async () => {
  const { clock, asked, watch, refuse } = setUp()
  await clock.advance(10_000)
  expect(watch.signal.aborted).toBe(false)
  expect(asked[0]).toEqual({ cookie: 'c=1', authorization: undefined })
  refuse(new AppError('account_banned', 'Closed.'))
  await clock.advance(1_000)
  expect(watch.signal.reason).toMatchObject({ code: 'account_banned' })
})

test('another role that may not see it ends a stream as the end of the session does', async () => {
  const { clock, watch, demote } = setUp()
  demote()
  await clock.advance(1_000)
  expect(watch.signal.reason).toMatchObject({ code: 'permission_denied' })
})

test('while nobody can tell, the stream goes on unsure, and nobody asks after it has ended', async () => {
  const { clock, asked, watch, refuse } = setUp()
  refuse(new AppError('unavailable', 'The database is away.'))
  await clock.advance(10_000)
  expect(watch.signal.aborted).toBe(false)
  expect(watch.isSure()).toBe(false)
  refuse()
  await clock.advance(1_000)
  expect(watch.isSure()).toBe(true)
  watch.stop()
  const before = asked.length
  await clock.advance(10_000)
  expect(asked.length).toBe(before)
})
