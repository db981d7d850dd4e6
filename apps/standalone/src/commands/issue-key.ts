import { createApiKeyBody } from '@sluice/contracts/control/apikeys'

import type { Command } from './command.ts'
import { print } from './print.ts'
import { parsed, readCount, readCredits, readArguments } from './read-arguments.ts'

export const RPM_MAX = 1_000_000

export const issueKey: Command = {
  needsSecrets: true,
  usage: [
    '--email E [--name N] [--rpm N] [--daily-quota CREDITS] [--models a,b]',
    'issue another API key to a user',
  ],
  run: async ({ accounts }, args) => {
    const cliArgs = readArguments(args, {
      options: ['email', 'name', 'rpm', 'daily-quota', 'models'],
    })
    const email = cliArgs.need('email')
    const user = await accounts.findUser(email)
    if (!user) throw new Error(`there is no user ${email}`)
    const quota = cliArgs.option('daily-quota')
    const rpm = cliArgs.option('rpm')
    // The API's own schema, so that both ways to issue a key have the same rules.
    const requested = parsed(
      'the key:',
      createApiKeyBody.safeParse({
        name: cliArgs.option('name') ?? 'key',
        rpm_limit: rpm === undefined ? null : readCount('rpm', rpm, { max: RPM_MAX }),
        model_whitelist: cliArgs.option('models')?.split(',') ?? null,
      }),
    )
    const key = await accounts.issueKey({
      userId: user.id,
      wallet: user.wallet,
      name: requested.name,
      rpmLimit: requested.rpm_limit,
      dailyQuotaMicro: quota === undefined ? null : readCredits('--daily-quota', quota),
      models: requested.model_whitelist,
    })
    print(`Key id: ${key.id}`, `API key: ${key.apiKey} (shown once)`)
    return 0
  },
}
