import { systemRandom } from '@sluice/kernel/random'
import { expect, it } from 'vitest'

import { hashPassword, dummyHash, verifyPassword } from './password-hash.ts'

const random = systemRandom
const paramsOf = (hash: string) => hash.split('$').slice(0, 4)

it('a password matches its own hash only, and all hashes differ', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => hashPassword({ random }, 'päss wörd 1')))
  expect(one).not.toBe(other)
  expect(await verifyPassword(one ?? '', 'päss wörd 1')).toBe(true)
  expect(await verifyPassword(one ?? '', 'päss wörd 2')).toBe(false)
})

it('a password matches in every Unicode composition', async () => {
  const hash = await hashPassword({ random }, 'cafe\u0301 ﬁne Å')
  expect(await verifyPassword(hash, 'caf\u00e9 fine A\u030a')).toBe(true)
})

it('no password matches the dummy hash, and verifying it costs the same as any other', async () => {
  const hash = await hashPassword({ random }, 'a password')
  expect(paramsOf(dummyHash)).toEqual(paramsOf(hash))
  expect(dummyHash).toHaveLength(hash.length)
  expect(await verifyPassword(dummyHash, '')).toBe(false)
})

it('reads strings with other parameters, such as the reference implementation writes', async () => {
  const hash =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  expect(await verifyPassword(hash, 'password')).toBe(true)
  expect(await verifyPassword(hash, 'Password')).toBe(false)
})

it.each([
  '',
  'plain text',
  '$2b$10$abcdefghijklmnopqrstuv',
  '$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=19456,t=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=4,t=1,p=16$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=19456,t=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
])('no password matches an unsupported string: %j', async (text) => {
  expect(await verifyPassword(text, '')).toBe(false)
})
