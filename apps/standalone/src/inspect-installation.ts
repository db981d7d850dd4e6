import { migrations } from '@sluice/db/migrations/index'
import { listPending } from '@sluice/db/migrate'
import { verifySecrets } from '@sluice/db/secret-checks'

import type { FoundSettings } from './settings.ts'
import { givenSecrets } from './settings.ts'
import type { OpenDatabase } from './start/open-database.ts'
import { NoInstallation } from './start/open-database.ts'

/**
 * Describes in one line the installation that a command works on. Throws `NoInstallation` for a database
 * without one, and an error for pending migrations or other secrets. Read-only.
 */
export async function inspectInstallation(
  { db, url }: Pick<OpenDatabase, 'db' | 'url'>,
  { secrets, config, dataDir }: FoundSettings,
): Promise<string> {
  const { hostname, port, pathname } = new URL(url)
  const address = `${decodeURIComponent(pathname.slice(1))} at ${hostname}:${port || '5432'}`
  const name = config.DATABASE_URL ? `database ${address}` : `database ${address} in ${dataDir}`
  const pending = await listPending({ db }).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The ${name} cannot be read: ${message}`, { cause })
  })
  if (pending.length === Object.keys(migrations).length) {
    throw new NoInstallation(
      `The ${name} contains no Sluice installation. Check DATABASE_URL; \`pnpm sluice setup\` creates one.`,
    )
  }
  if (pending.length > 0) {
    throw new Error(
      `The ${name} was created by an older release; ${pending.length} migrations are pending: ` +
        'start this release on it, or run `pnpm sluice setup`.',
    )
  }
  const users = await count(db, 'users')
  const transfers = await count(db, 'ledger_transfers')
  if (users === 0) {
    throw new NoInstallation(
      `The ${name} has tables but no user: it was never set up. Check DATABASE_URL, or run ` +
        '`pnpm sluice setup`.',
    )
  }
  if (secrets) await verifySecrets(db, { given: givenSecrets(secrets), record: false })
  return `Working on the ${name}: ${users} users, ${transfers} transfers`
}

async function count(db: OpenDatabase['db'], table: 'users' | 'ledger_transfers'): Promise<number> {
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<bigint>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}
