import type { Command } from './command.ts'
import { editNamedChannel } from './edit-named-channel.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

/** The command that takes a channel in or out of use. */
export function switchChannel(enabled: boolean): Command {
  return {
    usage: ['NAME', enabled ? 'use a channel again' : 'stop using a channel'],
    run: async ({ scheduler }, args) => {
      const name = readArguments(args, {}).word(0, 'the channel')
      await editNamedChannel(scheduler, { name, enabled })
      print(`${name} is ${enabled ? 'on' : 'off'}.`)
      return 0
    },
  }
}
