import type { Context } from './context.ts'
import { eventually } from './context.ts'
import { queryDatabase } from './ledger.ts'

/**
 * Looks for broken promises with queries of its own, and has `sluice ledger verify` do the same with the
 * gateway's. Answers sentences; none means that all is well. Waits until no job is running.
 */
export async function checkBooks({ running }: Pick<Context, 'running'>): Promise<string[]> {
  await eventually(async () => {
    const living = await queryDatabase(
      { running },
      `select 1 from image_jobs where ended_at is null`,
    )
    const open = await queryDatabase(
      { running },
      `select 1 from holds where purpose = 'job' and state = 'open'`,
    )
    return living.length + open.length === 0 ? true : undefined
  }, 60_000)
  const findings: string[] = []
  for (const [promise, query] of Object.entries(promises)) {
    const rows = await queryDatabase({ running }, query)
    if (rows.length > 0) findings.push(`${promise}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
  await running.sluice('ledger', 'verify').catch((error: Error) => findings.push(error.message))
  return findings
}

// Each query shows what breaks the promise; none of them imports the gateway's code.
const promises = {
  'stored balances are the sums of their transfers': `
    select a.id, a.balance_micro from ledger_accounts a
    where a.balance_micro <> (select coalesce(sum(case when t.credit_account = a.id then t.amount_micro
      else -t.amount_micro end), 0) from ledger_transfers t where a.id in (t.credit_account, t.debit_account))`,
  'the book sums to zero': `select total from (select sum(balance_micro) as total from ledger_accounts) s where total <> 0`,
  'no balance of a wallet is below zero': `select id from ledger_accounts where kind in ('available', 'held') and balance_micro < 0`,
  'every hold ended whole': `select id from holds where state <> 'open' and captured_micro + released_micro <> amount_micro`,
  'one capture a job': `select hold_id from ledger_transfers where kind = 'capture' and ref_type = 'job'
    group by hold_id having count(*) > 1`,
  'failed and cancelled jobs paid nothing': `
    select j.id from image_jobs j join holds h on h.ref = j.id
    where j.state in ('failed', 'cancelled') and h.captured_micro > 0`,
  'done jobs paid something': `
    select j.id from image_jobs j join holds h on h.ref = j.id
    where j.state = 'done' and h.captured_micro = 0`,
}
