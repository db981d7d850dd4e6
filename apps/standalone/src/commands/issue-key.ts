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
    // By the schema of the API, so that a key has the same rules whoever makes it.
    const wanted = parsed(
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
      name: wanted.name,
      rpmLimit: wanted.rpm_limit,
      dailyQuotaMicro: quota === undefined ? null : readCredits('--daily-quota', quota),
      models: wanted.model_whitelist,
    })
    print(`Key id: ${key.id}`, `API key: ${key.apiKey} (shown once)`)
    return 0
  },
}
