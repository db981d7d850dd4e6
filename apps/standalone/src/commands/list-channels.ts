import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'

import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'

export const listChannels: Command = {
  usage: ['', 'list channels with their models, and inactive credentials with the reason'],
  run: async ({ scheduler }) => {
    const { channels } = await scheduler.readCatalog({})
    if (channels.length === 0) {
      print(
        'There are no channels. Add one: pnpm sluice channel add --name openai --dialect openai …',
      )
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
    const inactive = channels.flatMap(({ name, credentials }) =>
      credentials
        .filter(({ state }) => state !== 'active')
        .map(({ id, state, reason }) => `${name}  ${id}  ${state}${reason ? `: ${reason}` : ''}`),
    )
    if (inactive.length > 0) print('', ...inactive)
    return 0
  },
}

/** `3`, or `3 (1 attention)` when some are not active. */
function countOf({ credentials }: CatalogChannel): string {
  const others = Map.groupBy(credentials, ({ state }) => state)
  others.delete('active')
  const states = [...others].map(([state, { length }]) => `${length} ${state}`).join(', ')
  return `${credentials.length}${states && ` (${states})`}`
}
