// `pnpm sluice …`: the operator's commands, for an installation that is running or stopped.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { isAppError } from '@sluice/kernel/app-error'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { createLog } from '@sluice/service-kit/log'
import { readConfig } from '@sluice/service-kit/read-config'

import type { Command } from './commands/command.ts'
import { commands, usage } from './commands/commands.ts'
import { UsageError } from './commands/read-arguments.ts'
import { standaloneConfig } from './config.ts'
import type { FoundSettings } from './settings.ts'
import { findSettings, readSettings } from './settings.ts'
import { NoInstallation } from './start/open-database.ts'
import { openTools } from './tools.ts'

const [group = '', action = '', ...cliArgs] = process.argv.slice(2)
const command = commands[`${group} ${action}`.trim()] ?? commands[group]
const log = createLog({ name: 'sluice', level: 'error' })

if (!command) {
  process.stderr.write(`${usage()}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await run(command)
}

async function run(chosen: Command): Promise<number> {
  const rest = chosen === commands[group] && action ? [action, ...cliArgs] : cliArgs
  try {
    const settings = await settingsFor(chosen)
    const tools = await openTools(
      { clock: systemClock, random: systemRandom, log },
      settings,
      chosen,
    )
    try {
      // To standard error: a program may parse the command's standard output.
      process.stderr.write(`${tools.target}\n`)
      return await chosen.run(tools, rest)
    } finally {
      await tools.close()
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const code = isAppError(error) ? `${error.code}: ` : ''
    process.stderr.write(`${code}${message}\n`)
    if (error instanceof UsageError) return 2
    return error instanceof NoInstallation ? 3 : 1
  }
}

async function settingsFor({ creates, needsSecrets }: Command): Promise<FoundSettings> {
  const config = readConfig(standaloneConfig)
  // The services of a distributed installation use the same secrets, so none are generated here.
  if (creates && !config.DATABASE_URL) return readSettings({ random: systemRandom }, config)
  const settings = await findSettings(config)
  if (settings.secrets || !(creates || needsSecrets)) return settings
  if (!config.DATABASE_URL && !existsSync(join(settings.dataDir, 'postgres'))) return settings
  throw new NoInstallation(
    `This command needs the installation's secrets. Set SEALING_KEYS, SIGNING_KEYS and ` +
      `API_KEY_PEPPER to the values its services use; ${settings.dataDir} contains no secrets.`,
  )
}
