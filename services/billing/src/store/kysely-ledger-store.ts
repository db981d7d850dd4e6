import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { AccountKind } from '../accounts/chart.ts'
import { accountId } from '../accounts/chart.ts'
import { kyselyChargeReads } from './kysely-charge-reads.ts'
import type { Jobs } from './kysely-ledger-transaction.ts'
import { kyselyLedgerTransaction } from './kysely-ledger-transaction.ts'
import type { EntriesQuery, LedgerStore, OverdueQuery, Renewal } from './ledger-store.ts'
import { listWithoutJob } from './list-without-job.ts'
import { openHoldRow } from './open-hold-row.ts'
import { readSettlements } from './read-settlements.ts'
import { toPriceRow } from './price-rows.ts'
import { readBalances } from './read-balances.ts'
import { repeatOnConflict } from './repeat-on-conflict.ts'
import { sealFinal } from './seal-final.ts'
import { toTransfer } from './transfer-rows.ts'
import { findStillUncharged, readDelivered } from './verify/verify-delivered.ts'
import { verifyLedger } from './verify/verify-ledger.ts'

/** For intake and background tasks, which no caller waits for. */
const BACKGROUND_MS = 30_000
/** For signals without a deadline. */
const CALL_MS = 4_500
const VERIFY_MS = 6 * 3_600_000

interface KyselyLedgerDeps {
  db: Kysely<Tables>
  jobs: Jobs
  clock?: Clock
  random?: Random
  /** The signal of the current call. */
  signal?: AbortSignal
}

/**
 * The ledger in PostgreSQL. Serialization conflicts are retried here and nowhere else; a database failure
 * is reported as `unavailable`. `jobs` are queried within the transaction that settles them.
 */
export function kyselyLedgerStore({
  db,
  jobs,
  clock = systemClock,
  random = systemRandom,
  signal,
}: KyselyLedgerDeps): LedgerStore {
  const execute = <Result>(work: () => Promise<Result>, withinMs?: number) =>
    mapDatabaseUnavailable(() => repeatOnConflict({ clock, random }, work), {
      signal,
      ...(withinMs !== undefined && { withinMs }),
    })
  const charges = kyselyChargeReads(db)

  return {
    withSignal: (callSignal) => kyselyLedgerStore({ db, jobs, clock, random, signal: callSignal }),
    readUsage: (query) => execute(() => charges.readUsage(query)),
    listCharges: (query) => execute(() => charges.listCharges(query)),
    findCharge: (key) => execute(() => charges.findCharge(key)),
    sumBalances: () => execute(() => charges.sumBalances()),
    sumCharged: (between) => execute(() => charges.sumCharged(between)),
    // In a transaction although it is one statement: the deadline is checked at the commit only.
    openHold: (opened) =>
      execute(() => db.transaction().execute((trx) => openHoldRow(trx, opened))),
    inTransaction: (work) =>
      execute(
        () => db.transaction().execute((trx) => work(kyselyLedgerTransaction({ trx, jobs }))),
        signal ? CALL_MS : BACKGROUND_MS,
      ),
    renewAllowances: (renewal) => execute(() => renewAllowances(db, renewal)),
    readBalance: (wallet) => execute(() => readBalance(db, wallet)),
    readBalances: (wallets) => execute(() => readBalances(db, wallets)),
    listEntries: (query) => execute(() => listEntries(db, query)),
    readPrices: () =>
      execute(async () => {
        const rows = await db.selectFrom('prices').selectAll().orderBy('id').execute()
        return rows.map(toPriceRow)
      }),
    readPricesRevision: () =>
      execute(async () => {
        const row = await db
          .selectFrom('revisions')
          .select('revision')
          .where('name', '=', 'prices')
          .executeTakeFirstOrThrow()
        return row.revision
      }),
    readSettlements: (refs) => execute(() => readSettlements(db, refs)),
    listOverdue: (query) => execute(() => listOverdue(db, query)),
    listWithoutJob: (query) => execute(() => listWithoutJob({ db, jobs }, query), BACKGROUND_MS),
    sealNext: (seal, options) =>
      execute(() => sealFinal({ db, clock }, seal, options), BACKGROUND_MS),
    verify: (options) => execute(() => verifyLedger({ db, jobs, ...options }), VERIFY_MS),
    readDelivered: (query) => execute(() => readDelivered(db, query), BACKGROUND_MS),
    findStillUncharged: (ids) => execute(() => findStillUncharged(db, ids), BACKGROUND_MS),
    check: () =>
      execute(async () => {
        await sql`select`.execute(db)
      }),
  }
}

async function renewAllowances(db: Kysely<Tables>, { edge, allowanceIds, expiresAt }: Renewal) {
  // Locks in id order first, as every writer of many holds does.
  const { rows } = await sql<{ id: string; ref: string; expires_at: Date }>`
    with open as materialized (
      select id from holds
      where id = any(${[...allowanceIds]}) and purpose = 'allowance' and edge = ${edge}
        and state = 'open'
      order by id
      for no key update
    )
    update holds set expires_at = greatest(holds.expires_at, ${expiresAt})
    from open
    where holds.id = open.id
    returning holds.id, holds.ref, holds.expires_at`.execute(db)
  return rows.map((row) => ({ id: row.id, ref: row.ref, expiresAt: row.expires_at }))
}

async function readBalance(db: Kysely<Tables>, wallet: string) {
  const rows = await db
    .selectFrom('ledger_accounts')
    .select(['kind', 'balance_micro'])
    .where('id', 'in', [
      accountId({ kind: 'available', wallet }),
      accountId({ kind: 'held', wallet }),
    ])
    .execute()
  const balanceOf = (kind: AccountKind) =>
    rows.find((row) => row.kind === kind)?.balance_micro ?? 0n
  const availableMicro = balanceOf('available')
  const heldMicro = balanceOf('held')
  return { availableMicro, heldMicro, postedMicro: availableMicro + heldMicro }
}

async function listEntries(db: Kysely<Tables>, { wallet, before, limit }: EntriesQuery) {
  const rows = await db
    .selectFrom('ledger_transfers')
    .selectAll()
    .where('wallet', '=', wallet)
    .$if(before !== undefined, (query) => query.where('seq', '<', before ?? 0n))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toTransfer)
}

async function listOverdue(
  db: Kysely<Tables>,
  { purpose, expiredBefore, after, limit }: OverdueQuery,
) {
  const rows = await db
    .selectFrom('holds')
    .select(['id', 'ref', 'expires_at'])
    .where('purpose', '=', purpose)
    .where('state', '=', 'open')
    .where('expires_at', '<', expiredBefore)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(expires_at, id) > (${after?.expiresAt}, ${after?.id})`),
    )
    .orderBy('expires_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ id: row.id, ref: row.ref, expiresAt: row.expires_at }))
}
