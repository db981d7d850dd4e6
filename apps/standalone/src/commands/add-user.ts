import { generatePassword } from '@sluice/edge-api/accounts'

import type { Command } from './command.ts'
import { print } from './print.ts'
import { RPM_MAX } from './issue-key.ts'
import { readCount, readCreditsOrNone, readArguments } from './read-arguments.ts'

/** A user with a wallet, credits and a first key. */
export const addUser: Command = {
  needsSecrets: true,
  usage: [
    '--email E [--credits N] [--rpm N] [--with-password] [--json]',
    'add a user with a wallet and an API key, and with a password to sign in',
  ],
  run: async ({ accounts, billing, random }, args) => {
    const cliArgs = readArguments(args, {
      options: ['email', 'credits', 'rpm'],
      flags: ['with-password', 'json'],
    })
    const credits = cliArgs.option('credits')
    const amountMicro = credits === undefined ? 0n : readCreditsOrNone('--credits', credits)
    const rpm = cliArgs.option('rpm')
    const rpmLimit = rpm === undefined ? null : readCount('rpm', rpm, { max: RPM_MAX })
    const email = cliArgs.need('email')
    const password = cliArgs.flag('with-password') ? generatePassword({ random }) : null
    const user = await accounts.createUser({ email, role: 'user', password })
    if (!user.created)
      throw new Error(`user ${email} already exists; use "key issue" and "credits grant"`)
    if (amountMicro > 0n) {
      const transferId = `user-add-${user.id}`
      await billing.grantCredits({ transferId, wallet: user.wallet, amountMicro, memo: 'user add' })
    }
    const owner = { userId: user.id, wallet: user.wallet, name: 'first key', rpmLimit }
    const key = await accounts.issueKey(owner)
    if (cliArgs.flag('json')) {
      print(JSON.stringify({ wallet: user.wallet, keyId: key.id, apiKey: key.apiKey, password }))
    } else {
      print(`Wallet: ${user.wallet}`, `Key id: ${key.id}`, `API key: ${key.apiKey} (shown once)`)
      if (password !== null) print(`Password: ${password} (shown once)`)
    }
    return 0
  },
}
