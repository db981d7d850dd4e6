import { createAccounts } from '@sluice/edge-api/accounts'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { memoryIdentityStore } from '@sluice/edge-api/store/memory-identity-store'
import { memoryKeyStore } from '@sluice/edge-api/store/memory-key-store'
import { expect, onTestFinished, test, vi } from 'vitest'

import { usage } from './commands.ts'
import { replacePassword } from './replace-password.ts'

function setUp() {
  const keyStore = memoryKeyStore()
  const identityStore = memoryIdentityStore(keyStore)
  const fixture = { clock: fakeClock(), random: seededRandom(1) }
  const pepper = Buffer.alloc(32, 7).toString('base64')
  const accounts = createAccounts({ keyStore, identityStore, pepper, ...fixture })
  const printed: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    printed.push(String(line))
    return true
  })
  onTestFinished(() => stdout.mockRestore())
  return { accounts, identityStore, printed }
}

test('replacing the admin’s password prints a new one and ends all sessions', async () => {
  const { accounts, identityStore, printed } = setUp()
  const password = 'a password of length'
  const { id } = await accounts.createUser({ email: 'admin@b.test', role: 'admin', password })
  const at = new Date('2026-11-21T09:00:00.000Z')
  const session = { id: 'ses_1', userId: id, at, expiresAt: new Date(at.getTime() + 60_000) }
  const passwordHash = (await identityStore.findPasswordHash(id)) ?? ''
  await identityStore.openSession(session, { passwordHash })
  expect(await replacePassword.run({ accounts }, ['--email', 'Admin@b.test'])).toBe(0)
  expect(printed.join('')).toMatch(
    /^admin@b\.test \(admin\), password: [\w-]{20} \(shown once\)\n$/,
  )
  expect(await identityStore.findPasswordHash(id)).not.toBe(passwordHash)
  const reason = 'password-changed'
  expect((await identityStore.findSession('ses_1'))?.state.end).toMatchObject({ reason })
})

test('an unknown e-mail is an error and prints no password', async () => {
  const { accounts, printed } = setUp()
  const unknown = replacePassword.run({ accounts }, ['--email', 'unknown@b.test'])
  await expect(unknown).rejects.toThrow('there is no user unknown@b.test')
  await expect(replacePassword.run({ accounts }, [])).rejects.toThrow('--email is missing')
  expect(printed).toEqual([])
})

test('a banned user stays banned, and the command prints the ban', async () => {
  const { accounts, identityStore, printed } = setUp()
  const user = { email: 'b@b.test', role: 'user', password: null } as const
  const { id: userId } = await accounts.createUser(user)
  const at = new Date('2026-11-21T09:00:00.000Z')
  await identityStore.changeUserStatus({ userId, at }, ({ role }) => ({
    role,
    ban: { at, reason: 'spam', by: null },
  }))
  await replacePassword.run({ accounts }, ['--email', 'b@b.test'])
  expect(printed.join('')).toContain('still banned: spam')
})

test('the help text lists the command', () => {
  expect(usage()).toContain('user password --email E')
})
