import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { LedgerReport } from '../../ledger/report.ts'
import type { Jobs } from '../kysely-ledger-transaction.ts'
import type { VerifyOptions } from '../ledger-store.ts'
import { verifyBalances } from './verify-balances.ts'
import { verifyCharges } from './verify-charges.ts'
import { verifyDelivered } from './verify-delivered.ts'
import { verifyHolds } from './verify-holds.ts'
import { verifySeals } from './verify-seals.ts'
import { verifyUsage } from './verify-usage.ts'

export interface VerifyDeps extends VerifyOptions {
  db: Kysely<Tables>
  jobs: Jobs
}

/**
 * Recomputes the whole ledger from its rows and compares, in one read-only snapshot while the installation
 * keeps running. Every finding reports the number or id of its first row.
 */
export async function verifyLedger({ db, jobs, now, graceMs }: VerifyDeps): Promise<LedgerReport> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      // A long ledger takes longer than the timeout of requests.
      await sql`set local statement_timeout = 0`.execute(trx)
      const seals = await verifySeals(trx)
      const reports = [
        seals,
        await verifyBalances(trx),
        await verifyHolds(trx, { overdueBefore: new Date(now.getTime() - graceMs) }),
        await verifyUsage(trx),
        await verifyCharges(trx, { jobs }),
        await verifyDelivered(trx, { now }),
      ]
      return {
        findings: reports
          .flatMap(({ findings }) => findings)
          .sort((a, b) => a.invariant - b.invariant),
        checked: Object.assign({}, ...reports.map(({ checked }) => checked)),
        head: seals.head,
      }
    })
}
