import type { ColumnType, Generated } from 'kysely'

/** Something that must still be told. One row a (topic, key); gone when nobody needs it any more. */
export interface OutboxTable {
  topic: string
  key: string
  payload: ColumnType<unknown, string, string>
  /** Taken anew from a sequence at every write, so that a late delete spares a newer row. */
  revision: Generated<bigint>
  /** How often the relay has told it. */
  attempts: Generated<number>
  due_at: Date
  created_at: Generated<Date>
}

export interface OutboxTables {
  outbox: OutboxTable
}
