import { isDeepStrictEqual } from 'node:util'

import type { Tables } from '@sluice/db/tables'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'
import type { Transaction } from 'kysely'

import { findUsageMismatch } from '../../ledger/check-usage.ts'
import { dueOfJob } from '../../ledger/charge.ts'
import type { Hold } from '../../ledger/hold.ts'
import { chargedOn } from '../../ledger/hold.ts'
import { invariants } from '../../ledger/invariants.ts'
import type { PartialReport } from '../../ledger/report.ts'
import { toHold } from '../hold-rows.ts'
import type { Jobs } from '../kysely-ledger-transaction.ts'
import type { EndedJob } from '../ledger-store.ts'
import { toPriceRow } from '../price-rows.ts'
import { toUsageRecord } from '../usage-rows.ts'
import { countFindings } from './count-findings.ts'

const PAGE_ROWS = 1_000

interface Fault {
  invariant: number
  message: string
}

/** Rates every charge again from its stored usage, and compares every settled hold with its job. */
export async function verifyCharges(
  trx: Transaction<Tables>,
  { jobs }: { jobs: Jobs },
): Promise<PartialReport> {
  const prices = priceBook((await trx.selectFrom('prices').selectAll().execute()).map(toPriceRow))
  const faults: Fault[] = []
  let settledJobs = 0
  for await (const row of settledHolds(trx)) {
    settledJobs += 1
    const hold = toHold(row)
    faults.push(...faultsOfCharge(hold, prices))
    const fault = faultOfJob(hold, await jobs.readEndedJob(trx, hold.ref))
    if (fault) faults.push({ invariant: invariants.holds, message: `job ${hold.ref}: ${fault}` })
  }
  faults.push(...(await faultsOfCalls(trx, prices)))
  return { findings: countFindings(faults), checked: { settledJobs } }
}

/** Compares the hold's charge with its usage rated at its price. */
function faultsOfCharge(hold: Hold, prices: PriceBook): Fault[] {
  const row = prices.priceOf(hold.priceId ?? '')
  const { charges: invariant } = invariants
  if (!row) return [{ invariant, message: `hold ${hold.id} has no price` }]
  const ratedMicro = hold.usage === null ? 0n : rateUsage(hold.usage, row.price)
  const dueMicro = dueOfJob({ hold, ratedMicro })
  if (chargedOn(hold) === dueMicro && hold.lossMicro === ratedMicro - dueMicro) return []
  const message =
    `hold ${hold.id} charged ${chargedOn(hold)} and lost ${hold.lossMicro}, ` +
    `its usage is rated ${ratedMicro}`
  return [{ invariant, message }]
}

/** Compares a settled hold with its job, unless the job was deleted after its retention. */
function faultOfJob(hold: Hold, job: EndedJob | undefined): string | undefined {
  if (!job) return undefined
  if (job.wallet !== hold.wallet) return 'charged to another wallet'
  if (job.state !== 'done') return chargedOn(hold) === 0n ? undefined : `charged, but ${job.state}`
  if (hold.usage === null) return 'done, but never charged'
  const stored = { kind: 'images', pictures: job.pictures }
  return isDeepStrictEqual(hold.usage, stored)
    ? undefined
    : 'charged for other pictures than stored'
}

const settledHolds = (trx: Transaction<Tables>) =>
  pagesOf({
    read: (after) =>
      trx
        .selectFrom('holds')
        .selectAll()
        .where('purpose', '=', 'job')
        .where('settled_at', 'is not', null)
        .where('id', '>', after)
        .orderBy('id')
        .limit(PAGE_ROWS)
        .execute(),
    keyOf: (row) => row.id,
  })

const usageRecords = (trx: Transaction<Tables>) =>
  pagesOf({
    read: (after) =>
      trx
        .selectFrom('usage_records')
        .selectAll()
        .where('request_id', '>', after)
        .orderBy('request_id')
        .limit(PAGE_ROWS)
        .execute(),
    keyOf: (row) => row.request_id,
  })

async function faultsOfCalls(trx: Transaction<Tables>, prices: PriceBook): Promise<Fault[]> {
  const faults: Fault[] = []
  for await (const row of usageRecords(trx)) {
    const reason = findUsageMismatch(toUsageRecord(row), prices.priceOf(row.price_id))
    if (reason === undefined) continue
    faults.push({ invariant: invariants.charges, message: `record ${row.request_id}: ${reason}` })
  }
  return faults
}

async function* pagesOf<Row>({
  read,
  keyOf,
}: {
  read: (after: string) => Promise<Row[]>
  keyOf: (row: Row) => string
}): AsyncGenerator<Row> {
  for (let after = ''; ;) {
    const rows = await read(after)
    yield* rows
    const last = rows.at(-1)
    if (rows.length < PAGE_ROWS || !last) return
    after = keyOf(last)
  }
}
