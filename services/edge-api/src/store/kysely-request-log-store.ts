import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { RequestRecord } from '../http/request.ts'
import { kyselyRequestLogReads } from './kysely-request-log-reads.ts'
import type { RequestLogStore } from './request-log-store.ts'

const DAY_MS = 86_400_000
const PARTITION = /^request_log_(\d{4})(\d{2})(\d{2})$/

export function kyselyRequestLogStore({ db }: { db: Kysely<Tables> }): RequestLogStore {
  return {
    ...kyselyRequestLogReads({ db }),
    async append(rows) {
      if (rows.length === 0) return
      // One parameter for all rows: building thousands of placeholders would cost more than the insert.
      await sql`
        insert into request_log
        select * from json_populate_recordset(null::request_log, ${JSON.stringify(rows.map(toRow))}::json)
        on conflict do nothing`.execute(db)
    },
    async openPartitions(today) {
      for (const day of [today, new Date(today.getTime() + DAY_MS)]) await openPartition(db, day)
    },
    async dropPartitions(before) {
      const names = (await partitions(db)).filter((name) => endOf(name) <= startOfDay(before))
      for (const name of names) await sql`drop table ${sql.table(name)}`.execute(db)
      return names.length
    },
  }
}

function toRow(record: RequestRecord) {
  return {
    request_id: record.requestId,
    received_at: new Date(record.receivedAtMs).toISOString(),
    api_key_id: record.apiKeyId,
    wallet: record.wallet,
    route: record.route,
    model: record.model,
    channel_id: record.channelId,
    credential_id: record.credentialId,
    status: record.status,
    error_code: record.errorCode,
    streamed: record.streamed,
    attempts: record.attempts,
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    amount_micro: String(record.amountMicro),
    first_byte_ms: record.firstByteMs === null ? null : Math.round(record.firstByteMs),
    duration_ms: Math.round(record.durationMs),
    task_id: record.taskId,
  }
}

async function openPartition(db: Kysely<Tables>, day: Date): Promise<void> {
  const from = startOfDay(day)
  const name = `request_log_${from.toISOString().slice(0, 10).replaceAll('-', '')}`
  if ((await partitions(db)).includes(name)) return
  const to = new Date(from.getTime() + DAY_MS)
  await sql`
    create table if not exists ${sql.table(name)} partition of request_log
    for values from (${sql.lit(from.toISOString())}) to (${sql.lit(to.toISOString())})`.execute(db)
}

async function partitions(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'request_log'::regclass order by 1`.execute(db)
  return rows.map(({ name }) => name).filter((name) => PARTITION.test(name))
}

function startOfDay(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS)
}

function endOf(partition: string): Date {
  const [, year, month, day] = PARTITION.exec(partition) ?? []
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + 1))
}
