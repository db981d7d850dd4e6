import type { Command } from './command.ts'
import { print } from './print.ts'

/** For psql and backups. */
export const databaseUrl: Command = {
  usage: ['', 'where the database is, with its password'],
  run: async ({ database }) => {
    print(database.url)
    return 0
  },
}
