import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { Finding, PartialReport } from '../../ledger/report.ts'
import type { Seal } from '../../ledger/seal.ts'
import { faultOfSeal, faultsOfRows } from '../../ledger/seal.ts'
import { toSeal } from '../seal-rows.ts'
import { toTransfer } from '../transfer-rows.ts'
import { countFindings } from './count-findings.ts'

const { seals: invariant } = invariants

/** Checks that the chain is complete and that no sealed row was changed, deleted or inserted. */
export async function verifySeals(
  trx: Transaction<Tables>,
): Promise<PartialReport & { head: string | null }> {
  const faults: Omit<Finding, 'count'>[] = []
  let previous: Seal | undefined
  let checked = 0
  for (let seal = await readNext(trx, undefined); seal; seal = await readNext(trx, seal)) {
    const fault = faultOfSeal(seal, previous)
    if (fault !== undefined) faults.push({ invariant, message: `seal ${seal.number}: ${fault}` })
    for (const { seq, fault } of faultsOfRows(seal, await readRows(trx, seal))) {
      faults.push({ invariant, message: `transfer ${seq} was ${fault} after it was sealed`, seq })
    }
    previous = seal
    checked += 1
  }
  return {
    findings: countFindings(faults, ({ seq, message }) => (seq === undefined ? message : 'row')),
    checked: { seals: checked },
    head: previous?.hash.toString('hex') ?? null,
  }
}

async function readNext(trx: Transaction<Tables>, after: Seal | undefined) {
  const row = await trx
    .selectFrom('ledger_seals')
    .selectAll()
    .where('number', '>', after?.number ?? 0n)
    .orderBy('number')
    .limit(1)
    .executeTakeFirst()
  return row && toSeal(row)
}

async function readRows(trx: Transaction<Tables>, { fromSeq, toSeq }: Seal) {
  const rows = await trx
    .selectFrom('ledger_transfers')
    .selectAll()
    .where('seq', '>=', fromSeq)
    .where('seq', '<=', toSeq)
    .orderBy('seq')
    .execute()
  return rows.map(toTransfer)
}
