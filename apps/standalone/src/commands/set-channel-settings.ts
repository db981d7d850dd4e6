import { mergeSettings, formatSetting } from '@sluice/contracts/channel-settings'

import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'
import { readSettingArguments } from './read-setting-arguments.ts'
import { readArguments } from './read-arguments.ts'

export const setChannelSettings: Command = {
  usage: [
    'NAME [--setting name=value]…',
    'show or change the settings of a channel; name= removes one',
  ],
  run: async ({ scheduler }, args) => {
    const cliArgs = readArguments(args, { repeated: ['setting'] })
    const name = cliArgs.positional(0, 'the channel')
    const { channels } = await scheduler.readCatalog({ fresh: true })
    const channel = channels.find((one) => one.name === name)
    if (!channel) throw new Error(`there is no channel ${name}`)
    const settings = readSettingArguments(channel.dialect, cliArgs.every('setting'))
    if (Object.keys(settings).length > 0) {
      await scheduler.changeChannel({ channelId: channel.id, change: { settings } })
    }
    const now = Object.entries(mergeSettings(channel.settings, settings))
    if (now.length === 0) print(`${name} has no settings.`)
    else
      printColumns([
        ['setting', 'value'],
        ...now.map(([key, value]) => [key, formatSetting(value)]),
      ])
    return 0
  },
}
