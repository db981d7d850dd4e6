import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { PartialReport } from '../../ledger/report.ts'

const PAGE_ROWS = 5_000
const SAMPLE_IDS = 5
/** A usage record is stored shortly after its call ended; the row of the request log is written later. */
const GRACE_MS = 10_000
const START: LogPosition = { receivedAt: new Date(0), requestId: '' }

/** A cursor of the request log. */
export interface LogPosition {
  receivedAt: Date
  requestId: string
}

export interface DeliveredPage {
  /** Ended calls with an amount above 0; image tasks are compared with their holds instead. */
  delivered: number
  /** The request ids without a usage record; refused records are another finding. */
  uncharged: string[]
  /** Undefined at the end of the log. */
  next: LogPosition | undefined
}

/**
 * Compares one page of edge-api's request log (read only) with the usage records. Calls that ended after
 * `endedBefore` are left out: their records may not have arrived yet.
 */
export async function readDelivered(
  db: Kysely<Tables>,
  { after, endedBefore }: { after: LogPosition; endedBefore: Date },
): Promise<DeliveredPage> {
  const { rows } = await sql<{
    received_at: Date
    request_id: string
    chargeable: boolean
    uncharged: boolean
  }>`
    with page as materialized (
      select received_at, request_id,
        amount_micro > 0 and task_id is null
          and received_at + duration_ms * interval '1 millisecond' < ${endedBefore} as chargeable
      from request_log
      where (received_at, request_id) > (${after.receivedAt}, ${after.requestId})
        and received_at < ${endedBefore}
      order by received_at, request_id limit ${PAGE_ROWS}
    )
    select received_at, request_id, chargeable, chargeable
        and not exists (select from usage_records where request_id = page.request_id)
        and not exists (select from refused_usage where request_id = page.request_id) as uncharged
    from page order by received_at, request_id`.execute(db)
  const last = rows.at(-1)
  return {
    delivered: rows.filter(({ chargeable }) => chargeable).length,
    uncharged: rows.filter(({ uncharged }) => uncharged).map((row) => row.request_id),
    next:
      last && rows.length === PAGE_ROWS
        ? { receivedAt: last.received_at, requestId: last.request_id }
        : undefined,
  }
}

/** Checks that every call with an amount in the request log has a usage record. */
export async function verifyDelivered(
  db: Kysely<Tables>,
  { now }: { now: Date },
): Promise<PartialReport> {
  const endedBefore = new Date(now.getTime() - GRACE_MS)
  let deliveredCalls = 0
  let count = 0
  const samples: string[] = []
  for (let after: LogPosition | undefined = START; after;) {
    const page: DeliveredPage = await readDelivered(db, { after, endedBefore })
    deliveredCalls += page.delivered
    count += page.uncharged.length
    samples.push(...page.uncharged.slice(0, SAMPLE_IDS - samples.length))
    after = page.next
  }
  const message =
    `${count} delivered calls are not charged: they have no usage record; ` +
    `records that are in no edge's spool are lost: ${samples.join(', ')}`
  const findings = count === 0 ? [] : [{ invariant: invariants.delivered, message, count }]
  return { findings, checked: { deliveredCalls } }
}

/** The request ids among these that still have no usage record. */
export async function findStillUncharged(
  db: Kysely<Tables>,
  requestIds: readonly string[],
): Promise<string[]> {
  if (requestIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${requestIds}::text[]) as id
    where not exists (select from usage_records where request_id = id)
      and not exists (select from refused_usage where request_id = id)`.execute(db)
  return rows.map(({ id }) => id)
}
