import { systemRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { checkNewPassword, createPasswords } from './passwords.ts'

it('rejects a group that fills the queue, serves every other group, and recovers afterwards', async () => {
  const passwords = createPasswords({ random: systemRandom })
  const flood = Promise.allSettled(
    Array.from({ length: 60 }, () => passwords.matches(undefined, 'x', { group: 'flood' })),
  )
  expect(await passwords.matches(null, 'a password', { group: 'ada' })).toBe(false)
  const refused = (await flood).filter((one) => one.status === 'rejected')
  expect(refused.length).toBeGreaterThanOrEqual(42)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'too_many_attempts' })
  const hash = await passwords.hash('a password', { group: 'flood' })
  expect(await passwords.matches(hash, 'a password', { group: 'flood' })).toBe(true)
})

describe('a new password', () => {
  it.each(['', '123456789', 'ab'.repeat(101), 'é'.normalize('NFD').repeat(9)])(
    'must be neither too short nor too long: %j',
    async (password) => {
      await expect(checkNewPassword({ password })).rejects.toMatchObject({
        code: 'invalid_value',
        param: 'password',
      })
    },
  )

  it.each([
    ['          ', 'repeated'],
    ['aaaaaaaaaa', 'repeated'],
    ['x'.repeat(200), 'repeated'],
    ['abcabcabcabc', 'repeated'],
    ['密码密码密码密码密码', 'repeated'],
    ['🔑'.repeat(10), 'repeated'],
    ['1234567890', 'common'],
    ['qwertyuiop', 'common'],
    ['password123', 'common'],
    ['P@ssw0rd123', 'common'],
    ['Password1!', 'common'],
    ['ada@example.test', 'personal'],
  ])('that is easy to guess is rejected with the reason: %j', async (password, reason) => {
    const refused = checkNewPassword({ password, param: 'new_password', email: 'ada@example.test' })
    await expect(refused).rejects.toMatchObject({
      code: 'weak_password',
      param: 'new_password',
      details: { reason },
    })
  })

  it.each([
    'correct horse battery',
    'xK9$mmQ2vv',
    '我的猫昨天睡在屋顶上',
    'a long pass phrase for ada',
    Buffer.from(systemRandom.bytes(150)).toString('base64'),
  ])('of any characters is accepted: %j', async (password) => {
    await expect(checkNewPassword({ password, email: 'ada@b.test' })).resolves.toBeUndefined()
  })
})
