import type { Command } from './command.ts'
import { editNamedChannel } from './edit-named-channel.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

/** The command that enables or disables a channel. */
export function switchChannel(enabled: boolean): Command {
  return {
    usage: ['NAME', enabled ? 'enable a channel' : 'disable a channel'],
    run: async ({ scheduler }, args) => {
      const name = readArguments(args, {}).positional(0, 'the channel')
      await editNamedChannel(scheduler, { name, enabled })
      print(`${name} is ${enabled ? 'on' : 'off'}.`)
      return 0
    },
  }
}
