import { Client } from 'pg'

import type { Context } from './context.ts'
import { eventually } from './context.ts'

export interface Seen {
  availableMicro: bigint
  heldMicro: bigint
}

/** Runs one read against the installation's database: the scenario's own eyes, not the gateway's. */
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
export async function balanceOf(context: Pick<Context, 'running'>): Promise<Seen> {
  const rows = await queryDatabase<{ kind: string; total: string }>(
    context,
    `select kind, sum(balance_micro)::text as total from ledger_accounts
      where kind in ('available', 'held') group by kind`,
  )
  const of = (kind: string) => BigInt(rows.find((row) => row.kind === kind)?.total ?? '0')
  return { availableMicro: of('available'), heldMicro: of('held') }
}

/** The balance once every image job has been captured or voided; allowances of chat stay open. */
export async function quietBalance(context: Pick<Context, 'running'>): Promise<Seen> {
  return eventually(async () => {
    const open = await queryDatabase(
      context,
      `select 1 from holds where purpose = 'job' and state = 'open'`,
    )
    return open.length === 0 ? balanceOf(context) : undefined
  })
}
