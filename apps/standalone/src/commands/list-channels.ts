import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'

export const listChannels: Command = {
  usage: ['', 'channels with their models and credentials'],
  run: async ({ scheduler }) => {
    const { channels } = await scheduler.readCatalog({})
    if (channels.length === 0) {
      print('No channel yet. Add one: pnpm sluice channel add --name openai --dialect openai …')
      return 0
    }
    printColumns([
      ['name', 'dialect', 'state', 'credentials', 'models'],
      ...channels.map((channel) => [
        channel.name,
        channel.dialect,
        channel.enabled ? 'on' : 'off',
        String(channel.credentials.length),
        channel.models.map(({ model }) => model).join(' '),
      ]),
    ])
    return 0
  },
}
