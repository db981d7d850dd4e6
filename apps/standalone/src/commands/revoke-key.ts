import type { Command } from './command.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

export const revokeKey: Command = {
  usage: ['KEY_ID', 'revoke an API key; running servers refuse it within seconds'],
  run: async ({ accounts }, args) => {
    const id = readArguments(args, {}).positional(0, 'the key id')
    const revoked = await accounts.revokeKey({ id })
    print(revoked ? `${id} is revoked.` : `${id} is unknown or already revoked.`)
    return revoked ? 0 : 1
  },
}
