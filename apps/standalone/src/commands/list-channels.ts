import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'

import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'

export const listChannels: Command = {
  usage: ['', 'channels with their models, and credentials that are not in use, with the reason'],
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
        countOf(channel),
        channel.models.map(({ model }) => model).join(' '),
      ]),
    ])
    const unused = channels.flatMap(({ name, credentials }) =>
      credentials
        .filter(({ state }) => state !== 'active')
        .map(({ id, state, reason }) => `${name}  ${id}  ${state}${reason ? `: ${reason}` : ''}`),
    )
    if (unused.length > 0) print('', ...unused)
    return 0
  },
}

/** `3`, or `3 (1 attention)` where some are in another state. */
function countOf({ credentials }: CatalogChannel): string {
  const others = Map.groupBy(credentials, ({ state }) => state)
  others.delete('active')
  const cliArgs = [...others].map(([state, { length }]) => `${length} ${state}`).join(', ')
  return `${credentials.length}${cliArgs && ` (${cliArgs})`}`
}
