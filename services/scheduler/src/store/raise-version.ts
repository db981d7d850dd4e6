import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

/** The writer announces the change itself; the outbox relay does it for CLI commands, which have no bus. */
const ANNOUNCE_MS = 200

/** Called last in every transaction: the lock of the row makes versions increase in commit order. */
export async function raiseVersion(trx: Transaction<Tables>, at: Date): Promise<void> {
  const { version } = await trx
    .updateTable('catalog_version')
    .set(({ eb }) => ({ version: eb('version', '+', 1) }))
    .returning('version')
    .executeTakeFirstOrThrow()
  await writeOutbox(trx, {
    topic: 'catalog-changed',
    key: 'catalog',
    payload: { version },
    dueAt: new Date(at.getTime() + ANNOUNCE_MS),
  })
}
