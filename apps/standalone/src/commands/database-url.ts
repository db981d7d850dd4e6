import type { Command } from './command.ts'
import { print } from './print.ts'

/** For psql and backups. */
export const databaseUrl: Command = {
  usage: ['', 'print the database URL, with its password'],
  run: async ({ database }) => {
    print(database.url)
    return 0
  },
}
