import { sum } from '@sluice/kernel/credits'
import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'
import { priceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { expect } from 'vitest'

import { chargedOn } from '../../src/ledger/hold.ts'
import type { Book } from '../../src/ledger/invariants.ts'
import { expireAllowances } from '../../src/upkeep/expire-allowances.ts'
import { expireHolds } from '../../src/upkeep/expire-holds.ts'
import { sealLedger } from '../../src/upkeep/seal-ledger.ts'
import { settleJob } from '../settle-one.ts'
import type { TestBilling } from '../test-billing.ts'
import { endJob } from './job-actions.ts'
import type { SimJob, World } from './world.ts'
import { ask, checkWorld, GRACE_MS, wallets } from './world.ts'

const DAY_MS = 86_400_000

/** Lets everything end that has begun, and compares the books with what should have come of it. */
export async function quiesce(
  world: World,
  random: Random = seededRandom(world.count),
): Promise<void> {
  for (const job of world.jobs) {
    if (job.fate === 'running') await endJob(world, { job, random })
    // What nobody was told of is found by upkeep.
    if (random.next() < 0.5) await ask(world, ({ parts }) => settleJob(parts, { jobId: job.ref }))
  }
  if (world.unsent.length > 0) {
    const records = world.unsent
    for (let at = 0; at < records.length; at += 1_000) {
      const batch = records.slice(at, at + 1_000)
      await ask(world, ({ billing }) => billing.captureUsage({ records: batch }))
    }
  }
  await world.clock.advance(DAY_MS)
  await ask(world, ({ parts }) => expireHolds(parts))
  await ask(world, ({ parts }) => expireAllowances(parts))
  for (const job of world.jobs) {
    await ask(world, ({ parts }) => settleJob(parts, { jobId: job.ref }))
  }
  await checkWorld(world)
  for (const house of world.subjects) {
    const book = await house.ledger.readBook()
    expect(book.holds.filter(({ state }) => state === 'open')).toEqual([])
    expect(await house.ledger.readOutbox()).toEqual([])
    await checkJobs({ world, house, book })
    checkRecords(world, book)
    checkBalances(world, book)
    await checkReport(world, house)
  }
}

/** Every job that ended was charged for what it kept, once, and no other was. */
async function checkJobs({
  world,
  house,
  book,
}: {
  world: World
  house: TestBilling
  book: Book
}): Promise<void> {
  const prices = priceBook(await house.ledger.store.readPrices())
  for (const job of world.jobs) {
    const hold = book.holds.find(({ ref }) => ref === job.ref)
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

function ratedOf({ fate }: SimJob, price: Parameters<typeof rateUsage>[1] | undefined): bigint {
  if (typeof fate === 'string' || !price) return 0n
  return rateUsage({ kind: 'images', pictures: fate.pictures }, price)
}

/** Every honest record was counted exactly once, and no other. */
function checkRecords({ honest }: World, { usage }: Book): void {
  const counted = usage.map(({ requestId }) => requestId).toSorted()
  expect(counted).toEqual([...honest.keys()].toSorted())
}

/** What a wallet has is what it was given, less what it was charged and paid, plus refunds. */
function checkBalances({ granted }: World, { accounts, holds, usage }: Book): void {
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

/** The verification agrees; all it may mention are the records that lied. */
async function checkReport({ clock, honest }: World, { parts, ledger }: TestBilling) {
  await sealLedger(parts)
  const { findings, checked } = await ledger.store.verify({ now: clock.now(), graceMs: GRACE_MS })
  expect(findings.filter(({ message }) => !message.includes('was refused'))).toEqual([])
  expect(checked['usageRecords']).toBe(honest.size)
}
