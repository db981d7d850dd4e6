import { join } from 'node:path'

import { migrations } from './migrations/index.ts'

/** The committed schema after all migrations. */
export const snapshotFile = join(import.meta.dirname, '../schema.snapshot.sql')

/** The text of the snapshot. Its first line names the last migration, so that an outdated one is found without a database. */
export function snapshotText(schema: string): string {
  return `${snapshotHeader()}\n\n${schema}`
}

export function snapshotHeader(): string {
  const last = Object.keys(migrations).at(-1) ?? 'none'
  return `-- after migration ${last}; written by \`pnpm db:snapshot\``
}
