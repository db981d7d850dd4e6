import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

/** The writer announces by itself; the outbox does for a command of the operator, which has no bus. */
const ANNOUNCE_MS = 200

/** Last in every transaction: the row's lock makes versions grow in the order of commits. */
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
