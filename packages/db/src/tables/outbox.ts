import type { ColumnType, Generated } from 'kysely'

/** A message to publish. One row per (topic, key); deleted once handled. */
export interface OutboxTable {
  topic: string
  key: string
  payload: ColumnType<unknown, string, string>
  /** A new sequence value at every write, so that a late delete does not remove a newer message. */
  revision: Generated<bigint>
  /** How often the relay has published it. */
  attempts: Generated<number>
  due_at: Date
  created_at: Generated<Date>
}

export interface OutboxTables {
  outbox: OutboxTable
}
