import { text } from 'node:stream/consumers'

import { mergeSettings } from '@sluice/contracts/channel-settings'
import { isBuiltIn } from '@sluice/contracts/dialects'
import { dialect } from '@sluice/contracts/scheduler.contract'
import { baseUrlRefusals, guardBaseUrl } from '@sluice/egress/guard-base-url'
import { confineBuiltInChannels } from '@sluice/upstreams/built-in-channels'

import type { Command } from './command.ts'
import { print } from './print.ts'
import { readModels } from './read-models.ts'
import { readSettingArguments } from './read-setting-arguments.ts'
import { readCount, readArguments, refuse } from './read-arguments.ts'

/** Reads the keys from standard input, one per line: arguments are visible to every process of the host. */
export const addChannel: Command = {
  needsSecrets: true,
  usage: [
    '--name N --dialect D --base-url U [--concurrency N] [--setting name=value]… MODEL…',
    'add or replace a channel; API keys on standard input, one per line',
  ],
  run: async ({ scheduler, settings: server }, args) => {
    const cliArgs = readArguments(args, {
      options: ['name', 'dialect', 'base-url', 'concurrency'],
      repeated: ['setting'],
    })
    const parsed = dialect.safeParse(cliArgs.need('dialect'))
    if (!parsed.success) return refuse(`--dialect must be one of ${dialect.options.join(', ')}`)
    const baseUrl = cliArgs.need('base-url')
    const { METADATA_HOSTS_ALLOWED: metadataHostsAllowed } = server.config
    const refusal = isBuiltIn(parsed.data)
      ? undefined
      : guardBaseUrl(baseUrl, { metadataHostsAllowed })
    if (refusal) return refuse(`--base-url ${baseUrlRefusals[refusal]}`)
    const settings = readSettingArguments(parsed.data, cliArgs.every('setting'))
    const models = readModels(cliArgs.rest(0))
    if (models.length === 0) return refuse('name at least one model, such as gpt-image-2:image')
    const keys = (await text(process.stdin)).split('\n').filter((line) => line.trim())
    if (keys.length === 0) return refuse('give at least one API key on standard input')
    const concurrency = cliArgs.option('concurrency') ?? '64'
    const concurrencyMax = readCount('concurrency', concurrency, { max: 10_000 })
    // Replacing a channel keeps the settings that the command does not name.
    const { channels } = await scheduler.readCatalog({ fresh: true })
    const before = channels.find(
      ({ name, dialect: known }) => name === cliArgs.need('name') && known === parsed.data,
    )
    const { channelId } = await scheduler.editChannel({
      name: cliArgs.need('name'),
      dialect: parsed.data,
      baseUrl,
      priority: 0,
      weight: 1,
      enabled: true,
      models,
      settings: mergeSettings(before?.settings ?? {}, settings),
    })
    const credentials = keys.map((secret) => ({ secret: secret.trim(), concurrencyMax }))
    const { added, known } = await scheduler.importCredentials({ channelId, credentials })
    await confineBuiltInChannels(scheduler)
    print(`${cliArgs.need('name')}: ${added} keys added, ${known} already present.`)
    return 0
  },
}
