import type { Command } from './command.ts'
import { editNamedChannel } from './edit-named-channel.ts'
import { print } from './print.ts'
import { readModels } from './read-models.ts'
import { readArguments, refuse } from './read-arguments.ts'

export const setChannelModels: Command = {
  usage: ['NAME MODEL…', 'replace the models that a channel offers'],
  run: async ({ scheduler }, args) => {
    const cliArgs = readArguments(args, {})
    const name = cliArgs.positional(0, 'the channel')
    const models = readModels(cliArgs.rest(1))
    if (models.length === 0) return refuse('name at least one model, such as gpt-image-2:image')
    await editNamedChannel(scheduler, { name, models })
    print(`${name} offers ${models.length} models.`)
    return 0
  },
}
