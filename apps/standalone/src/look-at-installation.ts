import { migrations } from '@sluice/db/migrations/index'
import { listPending } from '@sluice/db/migrate'
import { verifySecrets } from '@sluice/db/secret-checks'

import type { FoundSettings } from './settings.ts'
import { givenSecrets } from './settings.ts'
import type { OpenDatabase } from './start/open-database.ts'
import { NoInstallation } from './start/open-database.ts'

/**
 * What a command is about to work on, in one line. Throws `NoInstallation` for a database that holds none,
 * and a sentence for one of another release or with other secrets. Changes nothing.
 */
export async function lookAtInstallation(
  { db, url }: Pick<OpenDatabase, 'db' | 'url'>,
  { secrets, config, dataDir }: FoundSettings,
): Promise<string> {
  const { hostname, port, pathname } = new URL(url)
  const address = `${decodeURIComponent(pathname.slice(1))} at ${hostname}:${port || '5432'}`
  const name = config.DATABASE_URL ? `database ${address}` : `database ${address} in ${dataDir}`
  const pending = await listPending({ db }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The ${name} cannot be read: ${why}`, { cause })
  })
  if (pending.length === Object.keys(migrations).length) {
    throw new NoInstallation(
      `The ${name} holds no Sluice installation. Check DATABASE_URL; \`pnpm sluice setup\` makes one.`,
    )
  }
  if (pending.length > 0) {
    throw new Error(
      `The ${name} was made by an older release and needs ${pending.length} migrations first: ` +
        'start this release on it, or run `pnpm sluice setup`.',
    )
  }
  const users = await count(db, 'users')
  const transfers = await count(db, 'ledger_transfers')
  if (users === 0) {
    throw new NoInstallation(
      `The ${name} has tables and no user: it was never set up. Check DATABASE_URL, or run ` +
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
