import { expect, test } from 'vitest'

import { CONCURRENT_CALLS_MAX, callsPerUser } from './calls-per-user.ts'

const pendingCall = () => Promise.withResolvers<string>()

test('limits the concurrent calls of one user, and does not affect others', async () => {
  const bounded = callsPerUser()
  const held = Array.from({ length: CONCURRENT_CALLS_MAX }, pendingCall)
  const running = held.map(({ promise }) => bounded('usr_1', () => promise))
  await expect(bounded('usr_1', async () => 'one more')).rejects.toMatchObject({
    code: 'rate_limit_exceeded',
  })
  expect(await bounded('usr_2', async () => 'another user')).toBe('another user')
  held[0]?.resolve('done')
  await running[0]
  expect(await bounded('usr_1', async () => 'below the limit')).toBe('below the limit')
  for (const { resolve } of held) resolve('done')
  await Promise.all(running)
})

test('a failed call no longer counts', async () => {
  const bounded = callsPerUser()
  for (let call = 0; call < CONCURRENT_CALLS_MAX * 2; call += 1)
    await expect(bounded('usr_1', () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    )
  expect(await bounded('usr_1', async () => 'fine')).toBe('fine')
})
