import { firstStart } from '../start/first-start.ts'
import type { Command } from './command.ts'
import { print } from './print.ts'

/** The first start's steps, for a distributed installation. */
export const setup: Command = {
  creates: true,
  usage: [
    '',
    'migrate the database; create the admin, a first key, credits and channels if missing',
  ],
  run: async (tools) => {
    const made = await firstStart(tools, tools.settings.config)
    print('The database is ready.')
    if (made.password) print(`Admin: ${made.email}, password: ${made.password} (shown once)`)
    if (made.apiKey) print(`First API key: ${made.apiKey} (shown once)`)
    return 0
  },
}
