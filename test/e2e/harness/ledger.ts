import { Client } from 'pg'

import type { Context } from './context.ts'
import { eventually } from './context.ts'

export interface TotalBalance {
  availableMicro: bigint
  heldMicro: bigint
}

/** Runs one query on the installation's database, independently of the gateway. */
export async function queryDatabase<Row extends object>(
  { running }: Pick<Context, 'running'>,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const connection = new Client({ connectionString: running.databaseUrl })
  await connection.connect()
  try {
    const { rows } = await connection.query<Row>(text, values)
    return rows
  } finally {
    await connection.end()
  }
}

/** Available and held credits of all wallets together. */
export async function balanceOf(context: Pick<Context, 'running'>): Promise<TotalBalance> {
  const rows = await queryDatabase<{ kind: string; total: string }>(
    context,
    `select kind, sum(balance_micro)::text as total from ledger_accounts
      where kind in ('available', 'held') group by kind`,
  )
  const of = (kind: string) => BigInt(rows.find((row) => row.kind === kind)?.total ?? '0')
  return { availableMicro: of('available'), heldMicro: of('held') }
}

/** The balance after every hold of an image job is captured or voided; allowances of chat stay open. */
export async function settledBalance(context: Pick<Context, 'running'>): Promise<TotalBalance> {
  return eventually(async () => {
    const open = await queryDatabase(
      context,
      `select 1 from holds where purpose = 'job' and state = 'open'`,
    )
    return open.length === 0 ? balanceOf(context) : undefined
  })
}
