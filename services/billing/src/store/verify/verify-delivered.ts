import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { PartialReport } from '../../ledger/report.ts'

const PAGE_ROWS = 5_000
const SAMPLE_IDS = 5
/** A record reaches the book a moment after its call has ended; the line of the log comes later still. */
const GRACE_MS = 10_000
const START: LogPosition = { receivedAt: new Date(0), requestId: '' }

/** Where reading of the request log goes on. */
export interface LogPosition {
  receivedAt: Date
  requestId: string
}

export interface DeliveredPage {
  /** Calls that delivered something that costs; image tasks are compared with their holds instead. */
  delivered: number
  /** Their ids without a usage record; those that billing has refused are another finding. */
  uncharged: string[]
  /** Undefined at the end of the log. */
  next: LogPosition | undefined
}

/**
 * Compares one page of edge-api's request log, which is only read here, with the usage records. Calls that
 * ended after `endedBefore` are left out: their records may be on their way.
 */
export async function readDelivered(
  db: Kysely<Tables>,
  { after, endedBefore }: { after: LogPosition; endedBefore: Date },
): Promise<DeliveredPage> {
  const { rows } = await sql<{
    received_at: Date
    request_id: string
    owed: boolean
    uncharged: boolean
  }>`
    with page as materialized (
      select received_at, request_id,
        amount_micro > 0 and task_id is null
          and received_at + duration_ms * interval '1 millisecond' < ${endedBefore} as owed
      from request_log
      where (received_at, request_id) > (${after.receivedAt}, ${after.requestId})
        and received_at < ${endedBefore}
      order by received_at, request_id limit ${PAGE_ROWS}
    )
    select received_at, request_id, owed, owed
        and not exists (select from usage_records where request_id = page.request_id)
        and not exists (select from refused_usage where request_id = page.request_id) as uncharged
    from page order by received_at, request_id`.execute(db)
  const last = rows.at(-1)
  return {
    delivered: rows.filter(({ owed }) => owed).length,
    uncharged: rows.filter(({ uncharged }) => uncharged).map((row) => row.request_id),
    next:
      last && rows.length === PAGE_ROWS
        ? { receivedAt: last.received_at, requestId: last.request_id }
        : undefined,
  }
}

/** Every call that the request log says was delivered for credits has a usage record. */
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
    `${count} delivered calls have no usage record and are charged to nobody; ` +
    `unless they wait in an edge's spool, they are lost: ${samples.join(', ')}`
  const findings = count === 0 ? [] : [{ invariant: invariants.delivered, message, count }]
  return { findings, checked: { deliveredCalls } }
}

/** Those of the calls that still have no usage record. */
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
