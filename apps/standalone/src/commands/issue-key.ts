import type { Command } from './command.ts'
import { print } from './print.ts'
import { readCount, readWords } from './words.ts'

export const issueKey: Command = {
  usage: ['--email E [--name N] [--rpm N] [--models a,b]', 'issue another API key to a user'],
  run: async ({ accounts }, args) => {
    const words = readWords(args, { options: ['email', 'name', 'rpm', 'models'] })
    const email = words.need('email')
    const user = await accounts.findUser(email)
    if (!user) throw new Error(`there is no user ${email}`)
    const rpm = words.option('rpm')
    const key = await accounts.issueKey({
      userId: user.id,
      wallet: user.wallet,
      name: words.option('name') ?? 'key',
      rpmLimit: rpm === undefined ? null : readCount('rpm', rpm),
      models: words.option('models')?.split(',') ?? null,
    })
    print(`Key id: ${key.id}`, `API key: ${key.apiKey} (shown once)`)
    return 0
  },
}
