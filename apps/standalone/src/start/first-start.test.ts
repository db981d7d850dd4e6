import { createAccounts } from '@sluice/edge-api/accounts'
import { memoryIdentityStore } from '@sluice/edge-api/store/memory-identity-store'
import { memoryKeyStore } from '@sluice/edge-api/store/memory-key-store'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { readConfig } from '@sluice/service-kit/read-config'
import { expect, test } from 'vitest'

import { standaloneConfig } from '../config.ts'
import type { FirstStartDeps } from './first-start.ts'
import { firstStart } from './first-start.ts'

const EMAIL = 'ada.lovelace@example.org'
const GOOD = 'a long pass phrase of the operator'

function setUp() {
  const keyStore = memoryKeyStore()
  const identityStore = memoryIdentityStore(keyStore)
  const fixture = { clock: fakeClock(), random: seededRandom(1) }
  const pepper = Buffer.alloc(32, 7).toString('base64')
  const accounts = createAccounts({ keyStore, identityStore, pepper, ...fixture })
  const done: string[] = []
  const scheduler: FirstStartDeps['scheduler'] = {
    readCatalog: async () => ({ version: 1, channels: [] }),
    editChannel: async ({ name }) => {
      done.push(`channel ${name}`)
      return { channelId: 'chan_1', version: 1 }
    },
    changeChannel: () => Promise.reject(new Error('there is no channel to change')),
    importCredentials: async () => ({ added: 1, known: 0 }),
  }
  const deps: FirstStartDeps = {
    accounts,
    billing: {
      grantCredits: async () => {
        done.push('credits')
        const balance = { postedMicro: 1n, heldMicro: 0n, availableMicro: 1n }
        return { balance, fresh: true }
      },
    },
    scheduler,
    listModels: async () => [],
    random: fixture.random,
    log: recordedLog(),
  }
  const start = (env: Record<string, string>) =>
    firstStart(deps, readConfig(standaloneConfig, { ADMIN_EMAIL: EMAIL, ...env }))
  return { start, done, accounts }
}

test.each([
  ['of ten and more spaces', ' '.repeat(14)],
  ['of one letter', 'aaaaaaaaaaaaaaaa'],
  ['of a row of keys', 'qwertyuiop123456'],
  ['of the common list', 'password1234'],
  ['that is the e-mail', 'ada.lovelace'],
])(
  'an ADMIN_PASSWORD %s is refused with a message, and nothing is created',
  async (_name, password) => {
    const { start, done, accounts } = setUp()
    await expect(start({ ADMIN_PASSWORD: password })).rejects.toThrow(
      /^ADMIN_PASSWORD is refused\. \S.{10,}\.$/,
    )
    expect(done).toEqual([])
    expect(await accounts.findUser(EMAIL)).toBeUndefined()
    // The next start with a stronger one counts as the first start.
    expect(await start({ ADMIN_PASSWORD: GOOD })).toMatchObject({
      email: EMAIL,
      apiKey: expect.any(String),
    })
  },
)

test.each([
  ['short', 'ADMIN_PASSWORD must have at least 10 characters.'],
  ['x'.repeat(201), 'ADMIN_PASSWORD must have at most 200 characters.'],
])(
  'an ADMIN_PASSWORD of the wrong length is refused by the config schema: %s',
  (password, message) => {
    expect(() => readConfig(standaloneConfig, { ADMIN_PASSWORD: password })).toThrow(message)
  },
)

test('without ADMIN_PASSWORD a password is generated and accepted', async () => {
  const { start } = setUp()
  const { password } = await start({})
  expect(password?.length).toBeGreaterThanOrEqual(10)
})

test('a weak ADMIN_PASSWORD does not stop a start with an existing admin', async () => {
  const { start } = setUp()
  await start({ ADMIN_PASSWORD: GOOD })
  const again = await start({ ADMIN_PASSWORD: 'password1234' })
  expect(again).toMatchObject({ email: EMAIL, password: undefined, apiKey: undefined })
})
