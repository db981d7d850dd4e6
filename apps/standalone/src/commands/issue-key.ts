import type { Command } from './command.ts'
import { print } from './print.ts'
import { readCount, readCredits, readWords } from './words.ts'

export const issueKey: Command = {
  needsSecrets: true,
  usage: [
    '--email E [--name N] [--rpm N] [--daily-quota CREDITS] [--models a,b]',
    'issue another API key to a user',
  ],
  run: async ({ accounts }, args) => {
    const words = readWords(args, {
      options: ['email', 'name', 'rpm', 'daily-quota', 'models'],
    })
    const email = words.need('email')
    const user = await accounts.findUser(email)
    if (!user) throw new Error(`there is no user ${email}`)
    const rpm = words.option('rpm')
    const quota = words.option('daily-quota')
    const key = await accounts.issueKey({
      userId: user.id,
      wallet: user.wallet,
      name: words.option('name') ?? 'key',
      rpmLimit: rpm === undefined ? null : readCount('rpm', rpm),
      dailyQuotaMicro: quota === undefined ? null : readCredits(quota),
      models: words.option('models')?.split(',') ?? null,
    })
    print(`Key id: ${key.id}`, `API key: ${key.apiKey} (shown once)`)
    return 0
  },
}
