import type { Tools } from '../tools.ts'
import type { Command } from './command.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

/** For who lost the password, the operator above all: whoever may read the database may sign in. */
export const replacePassword = {
  usage: ['--email E', 'give a user a new password, shown once, and end all their sessions'],
  run: async ({ accounts }: Pick<Tools, 'accounts'>, args) => {
    const email = readArguments(args, { options: ['email'] }).need('email')
    const replaced = await accounts.replacePassword({ email })
    if (!replaced) throw new Error(`there is no user ${email}`)
    const { user, password } = replaced
    print(`${user.email} (${user.role}), password: ${password} (shown once)`)
    if (user.ban) print(`They are banned all the same: ${user.ban.reason}`)
    return 0
  },
} satisfies Command
