import type { billingContract, UsageRecord } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { sum } from '@sluice/kernel/credits'
import { newId } from '@sluice/kernel/ids'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { BillingContext } from '../deps.ts'
import { disagreementWith } from '../ledger/check-usage.ts'
import { captureCalls, needsAvailable } from '../ledger/charge.ts'
import type { Hold } from '../ledger/hold.ts'
import type { Transfer } from '../ledger/transfer.ts'
import type { LedgerBook, RefusedUsage } from '../store/ledger-store.ts'

type CaptureUsage = typeof billingContract.methods.captureUsage

/**
 * Counts each record once and captures the sum of the new ones per allowance, in one transaction.
 * A record that billing does not agree with is kept aside with the reason and charged to nobody.
 */
export async function captureUsage(
  context: BillingContext,
  { records }: InputOf<CaptureUsage>,
): Promise<OutputOf<CaptureUsage>> {
  const { agreed, refused } = await rateAgain(context, onceEach(records))
  const { fresh, transfers, refusals } = await context.store.inTransaction(async (book) => {
    const { calls, strangers } = await findAllowances(book, agreed)
    const captured = await captureFresh(context, { book, calls })
    const refusals = [...refused, ...strangers]
    await book.refuseUsage(refusals, context.clock.now())
    return { ...captured, refusals }
  })
  crashPoint('billing-after-usage')
  const paid = transfers.filter(({ kind }) => kind === 'capture')
  const unpaid = transfers.filter(({ kind }) => kind === 'receivable')
  const answer = {
    captured: fresh.length,
    duplicates: records.length - fresh.length - refusals.length,
    refused: refusals.length,
    capturedMicro: sum(paid.map(({ amountMicro }) => amountMicro)),
    receivableMicro: sum(unpaid.map(({ amountMicro }) => amountMicro)),
  }
  tell(context, { answer, fresh, refusals })
  return answer
}

const onceEach = (records: readonly UsageRecord[]) => [
  ...new Map(records.toReversed().map((record) => [record.requestId, record])).values(),
]

async function rateAgain({ prices }: BillingContext, records: readonly UsageRecord[]) {
  const book = await prices.bookWith(new Set(records.map(({ priceId }) => priceId)))
  const agreed: UsageRecord[] = []
  const refused: RefusedUsage[] = []
  for (const record of records) {
    const reason = disagreementWith(record, book.priceOf(record.priceId))
    if (reason === undefined) agreed.push(record)
    else refused.push({ record, reason })
  }
  return { agreed, refused }
}

interface Call {
  record: UsageRecord
  hold: Hold
}

async function findAllowances(book: LedgerBook, records: readonly UsageRecord[]) {
  const ids = new Set(records.map(({ allowanceId }) => allowanceId))
  const holds = new Map((await book.lockHolds([...ids])).map((hold) => [hold.id, hold]))
  const calls: Call[] = []
  const strangers: RefusedUsage[] = []
  for (const record of records) {
    const hold = holds.get(record.allowanceId)
    if (hold?.purpose === 'allowance' && hold.wallet === record.wallet) {
      calls.push({ record, hold })
    } else {
      const reason = hold ? 'the allowance is of another wallet' : 'there is no such allowance'
      strangers.push({ record, reason })
    }
  }
  return { calls, strangers }
}

/** Inserts the records, and charges those that were not there before to their allowances. */
async function captureFresh(
  { clock, random }: BillingContext,
  { book, calls }: { book: LedgerBook; calls: readonly Call[] },
): Promise<{ fresh: UsageRecord[]; transfers: Transfer[] }> {
  const at = clock.now()
  const postings = [...Map.groupBy(calls, ({ hold }) => hold.id)].map(([, group]) => ({
    id: newId('tr', { clock, random }),
    group,
  }))
  const counted = postings.flatMap(({ id: postingId, group }) =>
    group.map(({ record }) => ({ record, postingId })),
  )
  const freshIds = await book.addUsage(counted, at)
  const dues = postings.flatMap(({ id: postingId, group }) => {
    const fresh = group
      .map(({ record }) => record)
      .filter(({ requestId }) => freshIds.has(requestId))
    const [first] = group
    if (!first || fresh.length === 0) return []
    const dueMicro = sum(fresh.map(({ amountMicro }) => amountMicro))
    const lossMicro = sum(fresh.map(({ upstreamLossMicro }) => upstreamLossMicro))
    return [{ hold: first.hold, postingId, dueMicro, lossMicro, fresh }]
  })
  const needy = new Set(dues.filter(needsAvailable).map(({ hold }) => hold.wallet))
  const available = new Map(await book.lockAvailable([...needy]))
  const movements = dues.map(({ hold, postingId, dueMicro, lossMicro }) => {
    const availableMicro = available.get(hold.wallet) ?? 0n
    const moved = captureCalls({ hold, dueMicro, lossMicro, availableMicro, postingId, at })
    // Two allowances of one wallet may both be late; the second finds what the first has left.
    available.set(hold.wallet, availableMicro - (moved.hold.lateMicro - hold.lateMicro))
    return moved
  })
  const transfers = movements.flatMap((movement) => movement.transfers)
  await book.post({ holds: movements.map(({ hold }) => hold), transfers })
  return { fresh: dues.flatMap(({ fresh }) => fresh), transfers }
}

function tell(
  { counters, log }: BillingContext,
  {
    answer,
    fresh,
    refusals,
  }: {
    answer: OutputOf<CaptureUsage>
    fresh: readonly UsageRecord[]
    refusals: readonly RefusedUsage[]
  },
): void {
  counters.usage.add({ outcome: 'captured' }, answer.captured)
  counters.usage.add({ outcome: 'duplicate' }, answer.duplicates)
  counters.usage.add({ outcome: 'refused' }, refusals.length)
  counters.micro.add({ kind: 'captured' }, Number(answer.capturedMicro))
  counters.micro.add({ kind: 'receivable' }, Number(answer.receivableMicro))
  const lossMicro = sum(fresh.map(({ upstreamLossMicro }) => upstreamLossMicro))
  counters.micro.add({ kind: 'upstream_loss' }, Number(lossMicro))
  for (const { record, reason } of refusals) {
    const { requestId, allowanceId, wallet } = record
    log.error({ requestId, allowanceId, wallet, reason }, 'a usage record was refused')
  }
}
