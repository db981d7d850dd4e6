import type { Context } from './context.ts'
import { eventually } from './context.ts'
import { queryDatabase } from './ledger.ts'

/**
 * Checks the ledger's invariants with independent queries and with `sluice ledger verify`, once no job is
 * running. Returns the findings.
 */
export async function checkLedger({ running }: Pick<Context, 'running'>): Promise<string[]> {
  await eventually(async () => {
    const runningJobs = await queryDatabase(
      { running },
      `select 1 from image_jobs where ended_at is null`,
    )
    const open = await queryDatabase(
      { running },
      `select 1 from holds where purpose = 'job' and state = 'open'`,
    )
    return runningJobs.length + open.length === 0 ? true : undefined
  }, 60_000)
  const findings: string[] = []
  for (const [invariant, query] of Object.entries(invariants)) {
    const rows = await queryDatabase({ running }, query)
    if (rows.length > 0) findings.push(`${invariant}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
  await running.sluice('ledger', 'verify').catch((error: Error) => findings.push(error.message))
  return findings
}

// Each query returns the violations of an invariant, without the gateway's code.
const invariants = {
  'stored balances are the sums of their transfers': `
    select a.id, a.balance_micro from ledger_accounts a
    where a.balance_micro <> (select coalesce(sum(case when t.credit_account = a.id then t.amount_micro
      else -t.amount_micro end), 0) from ledger_transfers t where a.id in (t.credit_account, t.debit_account))`,
  'the ledger sums to zero': `select total from (select sum(balance_micro) as total from ledger_accounts) s where total <> 0`,
  'no balance of a wallet is below zero': `select id from ledger_accounts where kind in ('available', 'held') and balance_micro < 0`,
  'captured and released amounts of every closed hold add up to its amount': `select id from holds where state <> 'open' and captured_micro + released_micro <> amount_micro`,
  'at most one capture per job': `select hold_id from ledger_transfers where kind = 'capture' and ref_type = 'job'
    group by hold_id having count(*) > 1`,
  'failed and cancelled jobs paid nothing': `
    select j.id from image_jobs j join holds h on h.ref = j.id
    where j.state in ('failed', 'cancelled') and h.captured_micro > 0`,
  'done jobs paid something': `
    select j.id from image_jobs j join holds h on h.ref = j.id
    where j.state = 'done' and h.captured_micro = 0`,
}
