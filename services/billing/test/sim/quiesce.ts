import { sum } from '@sluice/kernel/credits'
import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'
import { priceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { expect } from 'vitest'

import { chargedOn } from '../../src/ledger/hold.ts'
import type { LedgerRows } from '../../src/ledger/invariants.ts'
import { expireAllowances } from '../../src/background/expire-allowances.ts'
import { expireHolds } from '../../src/background/expire-holds.ts'
import { sealLedger } from '../../src/background/seal-ledger.ts'
import { settleJob } from '../settle-one.ts'
import type { TestBilling } from '../test-billing.ts'
import { endJob } from './job-actions.ts'
import type { SimJob, Simulation } from './simulation.ts'
import { invoke, checkInvariants, GRACE_MS, wallets } from './simulation.ts'

const DAY_MS = 86_400_000

/** Ends every job and allowance, and compares the ledgers with the expected result. */
export async function quiesce(
  simulation: Simulation,
  random: Random = seededRandom(simulation.count),
): Promise<void> {
  for (const job of simulation.jobs) {
    if (job.status === 'running') await endJob(simulation, { job, random })
    // Jobs without an event are settled by the background task.
    if (random.next() < 0.5)
      await invoke(simulation, ({ context }) => settleJob(context, { jobId: job.ref }))
  }
  if (simulation.unsent.length > 0) {
    const records = simulation.unsent
    for (let at = 0; at < records.length; at += 1_000) {
      const batch = records.slice(at, at + 1_000)
      await invoke(simulation, ({ billing }) => billing.captureUsage({ records: batch }))
    }
  }
  await simulation.clock.advance(DAY_MS)
  await invoke(simulation, ({ context }) => expireHolds(context))
  await invoke(simulation, ({ context }) => expireAllowances(context))
  for (const job of simulation.jobs) {
    await invoke(simulation, ({ context }) => settleJob(context, { jobId: job.ref }))
  }
  await checkInvariants(simulation)
  for (const installation of simulation.subjects) {
    const rows = await installation.ledger.readLedger()
    expect(rows.holds.filter(({ state }) => state === 'open')).toEqual([])
    expect(await installation.ledger.readOutbox()).toEqual([])
    await checkJobs({ simulation, installation, rows })
    checkRecords(simulation, rows)
    checkBalances(simulation, rows)
    await checkReport(simulation, installation)
  }
}

/** Every ended job was charged once for its pictures, and no other job was charged. */
async function checkJobs({
  simulation,
  installation,
  rows,
}: {
  simulation: Simulation
  installation: TestBilling
  rows: LedgerRows
}): Promise<void> {
  const prices = priceBook(await installation.ledger.store.readPrices())
  for (const job of simulation.jobs) {
    const hold = rows.holds.find(({ ref }) => ref === job.ref)
    if (!hold) {
      expect(job.opened).toBe(false)
      continue
    }
    const rated = ratedOf(job, prices.priceOf(hold.priceId ?? '')?.price)
    const due = rated < hold.amountMicro ? rated : hold.amountMicro
    const wasVoided = job.voided && hold.state === 'voided'
    expect(chargedOn(hold), job.ref).toBe(wasVoided ? 0n : due)
    expect(hold.lossMicro, job.ref).toBe(wasVoided ? rated : rated - due)
  }
}

function ratedOf({ status }: SimJob, price: Parameters<typeof rateUsage>[1] | undefined): bigint {
  if (typeof status === 'string' || !price) return 0n
  return rateUsage({ kind: 'images', pictures: status.pictures }, price)
}

/** Every valid record was counted exactly once, and no other record. */
function checkRecords({ valid }: Simulation, { usage }: LedgerRows): void {
  const counted = usage.map(({ requestId }) => requestId).toSorted()
  expect(counted).toEqual([...valid.keys()].toSorted())
}

/** The balance of a wallet is the granted minus the charged and paid amount, plus refunds. */
function checkBalances({ granted }: Simulation, { accounts, holds, usage }: LedgerRows): void {
  for (const wallet of wallets) {
    const balanceOf = (kind: string) =>
      accounts.find(({ id }) => id === `${kind}:${wallet}`)?.balanceMicro ?? 0n
    const own = holds.filter((hold) => hold.wallet === wallet)
    const charged =
      sum(own.filter(({ purpose }) => purpose === 'job').map(chargedOn)) +
      sum(usage.filter((one) => one.wallet === wallet).map(({ amountMicro }) => amountMicro))
    const refunded = sum(own.map(({ refundedMicro }) => refundedMicro))
    const owed = -balanceOf('receivable')
    expect(balanceOf('held')).toBe(0n)
    expect(balanceOf('available')).toBe((granted.get(wallet) ?? 0n) - (charged - owed) + refunded)
  }
}

/** The verification has no findings except the refused records. */
async function checkReport({ clock, valid }: Simulation, { context, ledger }: TestBilling) {
  await sealLedger(context)
  const { findings, checked } = await ledger.store.verify({ now: clock.now(), graceMs: GRACE_MS })
  expect(findings.filter(({ message }) => !message.includes('was refused'))).toEqual([])
  expect(checked['usageRecords']).toBe(valid.size)
}
