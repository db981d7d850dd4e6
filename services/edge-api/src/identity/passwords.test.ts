import { systemRandom } from '@sluice/kernel/random'
import { expect, it } from 'vitest'

import { checkNewPassword, createPasswords } from './passwords.ts'

it('lets so many wait for their turn, refuses the rest at once, and goes on afterwards', async () => {
  const passwords = createPasswords({ random: systemRandom })
  const tried = await Promise.allSettled(
    Array.from({ length: 60 }, () => passwords.matches(undefined, 'a password')),
  )
  const refused = tried.filter((one) => one.status === 'rejected')
  expect(refused).toHaveLength(8)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'overloaded' })
  expect(await passwords.matches(null, 'a password')).toBe(false)
  const hash = await passwords.hash('a password')
  expect(await passwords.matches(hash, 'a password')).toBe(true)
})

it.each(['', '123456789', 'ab'.repeat(101), 'é'.normalize('NFD').repeat(9)])(
  'takes no new password that is too short or too long: %j',
  (password) => {
    expect(() => checkNewPassword(password)).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'password' }),
    )
  },
)

it.each(['1234567890', '密码密码密码密码密码', 'x'.repeat(200), '          ', '🔑'.repeat(10)])(
  'takes any characters: %j',
  (password) => {
    expect(() => checkNewPassword(password)).not.toThrow()
  },
)
