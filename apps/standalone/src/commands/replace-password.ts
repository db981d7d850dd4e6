import type { Tools } from '../tools.ts'
import type { Command } from './command.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

/** Access to the database is enough to set a new password, also for an admin who lost theirs. */
export const replacePassword = {
  usage: ['--email E', 'set a new password for a user, shown once, and end all their sessions'],
  run: async ({ accounts }: Pick<Tools, 'accounts'>, args) => {
    const email = readArguments(args, { options: ['email'] }).need('email')
    const replaced = await accounts.replacePassword({ email })
    if (!replaced) throw new Error(`there is no user ${email}`)
    const { user, password } = replaced
    print(`${user.email} (${user.role}), password: ${password} (shown once)`)
    if (user.ban) print(`The user is still banned: ${user.ban.reason}`)
    return 0
  },
} satisfies Command
