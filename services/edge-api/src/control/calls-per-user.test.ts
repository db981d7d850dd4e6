import { expect, test } from 'vitest'

import { CALLS_AT_ONCE_MAX, callsPerUser } from './calls-per-user.ts'

const hold = () => Promise.withResolvers<string>()

test('one person cannot have more calls under way than the limit, and others are not concerned', async () => {
  const bounded = callsPerUser()
  const held = Array.from({ length: CALLS_AT_ONCE_MAX }, hold)
  const running = held.map(({ promise }) => bounded('usr_1', () => promise))
  await expect(bounded('usr_1', async () => 'one more')).rejects.toMatchObject({
    code: 'rate_limit_exceeded',
  })
  expect(await bounded('usr_2', async () => 'another person')).toBe('another person')
  held[0]?.resolve('done')
  await running[0]
  expect(await bounded('usr_1', async () => 'there is room')).toBe('there is room')
  for (const { resolve } of held) resolve('done')
  await Promise.all(running)
})

test('a call that fails gives its place back', async () => {
  const bounded = callsPerUser()
  for (let call = 0; call < CALLS_AT_ONCE_MAX * 2; call += 1)
    await expect(bounded('usr_1', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect(await bounded('usr_1', async () => 'fine')).toBe('fine')
})
