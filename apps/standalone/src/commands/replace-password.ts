import type { Tools } from '../tools.ts'
import type { Command } from './command.ts'
import { print } from './print.ts'
import { readWords } from './words.ts'

/** For who lost the password, the operator above all: whoever may read the database may sign in. */
export const replacePassword = {
  usage: ['--email E', 'give a user a new password, shown once, and end all their sessions'],
  run: async ({ accounts }: Pick<Tools, 'accounts'>, args) => {
    const email = readWords(args, { options: ['email'] }).need('email')
    const replaced = await accounts.replacePassword({ email })
    if (!replaced) throw new Error(`there is no user ${email}`)
    const { person, password } = replaced
    print(`${person.email} (${person.role}), password: ${password} (shown once)`)
    if (person.ban) print(`They are banned all the same: ${person.ban.reason}`)
    return 0
  },
} satisfies Command
