// `pnpm sluice …`: the operator's commands, beside a running installation or on a resting one.
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

const [group = '', method = '', ...cliArgs] = process.argv.slice(2)
const command = commands[`${group} ${method}`.trim()] ?? commands[group]
const log = createLog({ name: 'sluice', level: 'error' })

if (!command) {
  process.stderr.write(`${usage()}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await run(command)
}

async function run(chosen: Command): Promise<number> {
  const rest = chosen === commands[group] && method ? [method, ...cliArgs] : cliArgs
  try {
    const settings = await settingsFor(chosen)
    const tools = await openTools(
      { clock: systemClock, random: systemRandom, log },
      settings,
      chosen,
    )
    try {
      // To standard error: standard output belongs to the command, and may be read by a program.
      process.stderr.write(`${tools.lookedAt}\n`)
      return await chosen.run(tools, rest)
    } finally {
      await tools.close()
    }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    const code = isAppError(error) ? `${error.code}: ` : ''
    process.stderr.write(`${code}${sentence}\n`)
    if (error instanceof UsageError) return 2
    return error instanceof NoInstallation ? 3 : 1
  }
}

async function settingsFor({ creates, needsSecrets }: Command): Promise<FoundSettings> {
  const config = readConfig(standaloneConfig)
  // The services of a distributed installation need the same secrets: none may be made here.
  if (creates && !config.DATABASE_URL) return readSettings({ random: systemRandom }, config)
  const settings = await findSettings(config)
  if (settings.secrets || !(creates || needsSecrets)) return settings
  if (!config.DATABASE_URL && !existsSync(join(settings.dataDir, 'postgres'))) return settings
  throw new NoInstallation(
    `This command needs the secrets of the installation. Set SEALING_KEYS, SIGNING_KEYS and ` +
      `API_KEY_PEPPER as its services have them; ${settings.dataDir} holds none either.`,
  )
}
