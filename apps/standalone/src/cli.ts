// `pnpm sluice …`: the operator's commands, beside a running installation or on a resting one.
import { isAppError } from '@sluice/kernel/app-error'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { createLog } from '@sluice/service-kit/log'
import { readConfig } from '@sluice/service-kit/read-config'

import { commands, usage } from './commands/commands.ts'
import { UsageError } from './commands/words.ts'
import { standaloneConfig } from './config.ts'
import { readSettings } from './settings.ts'
import { openTools } from './tools.ts'

const [group = '', verb = '', ...words] = process.argv.slice(2)
const command = commands[`${group} ${verb}`.trim()] ?? commands[group]
const log = createLog({ name: 'sluice', level: 'error' })

if (!command) {
  process.stderr.write(`${usage()}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await run(command)
}

async function run(chosen: (typeof commands)[string]): Promise<number> {
  const rest = chosen === commands[group] && verb ? [verb, ...words] : words
  try {
    const config = readConfig(standaloneConfig)
    const settings = await readSettings({ random: systemRandom }, config)
    const tools = await openTools({ clock: systemClock, random: systemRandom, log }, settings)
    try {
      return await chosen.run(tools, rest)
    } finally {
      await tools.close()
    }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    const code = isAppError(error) ? `${error.code}: ` : ''
    process.stderr.write(`${code}${sentence}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
