import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

/** The writer announces by itself; the outbox says it again when that did not happen. */
const ANNOUNCE_MS = 1_000

/** Last in every transaction: the row's lock makes versions grow in the order of commits. */
export async function raiseVersion(trx: Transaction<Tables>, at: Date): Promise<void> {
  await trx
    .updateTable('catalog_version')
    .set(({ eb }) => ({ version: eb('version', '+', 1) }))
    .execute()
  await writeOutbox(trx, {
    topic: 'catalog-changed',
    key: 'catalog',
    payload: {},
    dueAt: new Date(at.getTime() + ANNOUNCE_MS),
  })
}
