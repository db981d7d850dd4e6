import type { billingContract, UsageRecord } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { sum } from '@sluice/kernel/credits'
import { newId } from '@sluice/kernel/ids'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { BillingContext } from '../deps.ts'
import { findUsageMismatch } from '../ledger/check-usage.ts'
import { captureCalls, needsAvailable } from '../ledger/charge.ts'
import type { Hold } from '../ledger/hold.ts'
import type { Transfer } from '../ledger/transfer.ts'
import type { LedgerTransaction, RefusedUsage } from '../store/ledger-store.ts'

type CaptureUsage = typeof billingContract.methods.captureUsage

/**
 * Counts each record once and captures the sum of the new ones per allowance, in one transaction.
 * A record with a wrong amount, price or allowance is stored in `refused_usage` and not charged.
 */
export async function captureUsage(
  context: BillingContext,
  { records }: InputOf<CaptureUsage>,
): Promise<OutputOf<CaptureUsage>> {
  const { accepted, refused } = await verifyAmounts(context, deduplicate(records))
  const { added, transfers, refusals } = await context.store.inTransaction(async (tx) => {
    const { calls, withoutAllowance } = await findAllowances(tx, accepted)
    const captured = await captureAdded(context, { tx, calls })
    const refusals = [...refused, ...withoutAllowance]
    await tx.refuseUsage(refusals, context.clock.now())
    return { ...captured, refusals }
  })
  crashPoint('billing-after-usage')
  const paid = transfers.filter(({ kind }) => kind === 'capture')
  const unpaid = transfers.filter(({ kind }) => kind === 'receivable')
  const result = {
    captured: added.length,
    duplicates: records.length - added.length - refusals.length,
    refused: refusals.length,
    capturedMicro: sum(paid.map(({ amountMicro }) => amountMicro)),
    receivableMicro: sum(unpaid.map(({ amountMicro }) => amountMicro)),
  }
  recordMetrics(context, { result, added, refusals })
  return result
}

const deduplicate = (records: readonly UsageRecord[]) => [
  ...new Map(records.toReversed().map((record) => [record.requestId, record])).values(),
]

async function verifyAmounts({ prices }: BillingContext, records: readonly UsageRecord[]) {
  const book = await prices.bookWith(new Set(records.map(({ priceId }) => priceId)))
  const accepted: UsageRecord[] = []
  const refused: RefusedUsage[] = []
  for (const record of records) {
    const reason = findUsageMismatch(record, book.priceOf(record.priceId))
    if (reason === undefined) accepted.push(record)
    else refused.push({ record, reason })
  }
  return { accepted, refused }
}

interface Call {
  record: UsageRecord
  hold: Hold
}

async function findAllowances(tx: LedgerTransaction, records: readonly UsageRecord[]) {
  const ids = new Set(records.map(({ allowanceId }) => allowanceId))
  const holds = new Map((await tx.lockHolds([...ids])).map((hold) => [hold.id, hold]))
  const calls: Call[] = []
  const withoutAllowance: RefusedUsage[] = []
  for (const record of records) {
    const hold = holds.get(record.allowanceId)
    if (hold?.purpose === 'allowance' && hold.wallet === record.wallet) {
      calls.push({ record, hold })
    } else {
      const reason = hold
        ? 'the allowance belongs to another wallet'
        : 'the allowance does not exist'
      withoutAllowance.push({ record, reason })
    }
  }
  return { calls, withoutAllowance }
}

/** Inserts the records and charges the newly inserted ones to their allowances. */
async function captureAdded(
  { clock, random }: BillingContext,
  { tx, calls }: { tx: LedgerTransaction; calls: readonly Call[] },
): Promise<{ added: UsageRecord[]; transfers: Transfer[] }> {
  const at = clock.now()
  const postings = [...Map.groupBy(calls, ({ hold }) => hold.id)].map(([, group]) => ({
    id: newId('tr', { clock, random }),
    group,
  }))
  const counted = postings.flatMap(({ id: postingId, group }) =>
    group.map(({ record }) => ({ record, postingId })),
  )
  const addedIds = await tx.addUsage(counted, at)
  const dues = postings.flatMap(({ id: postingId, group }) => {
    const added = group
      .map(({ record }) => record)
      .filter(({ requestId }) => addedIds.has(requestId))
    const [first] = group
    if (!first || added.length === 0) return []
    const dueMicro = sum(added.map(({ amountMicro }) => amountMicro))
    const lossMicro = sum(added.map(({ upstreamLossMicro }) => upstreamLossMicro))
    return [{ hold: first.hold, postingId, dueMicro, lossMicro, added }]
  })
  const wallets = new Set(dues.filter(needsAvailable).map(({ hold }) => hold.wallet))
  const available = new Map(await tx.lockAvailable([...wallets]))
  const movements = dues.map(({ hold, postingId, dueMicro, lossMicro }) => {
    const availableMicro = available.get(hold.wallet) ?? 0n
    const movement = captureCalls({ hold, dueMicro, lossMicro, availableMicro, postingId, at })
    // Two allowances of one wallet may both be charged late: the second sees the reduced balance.
    available.set(hold.wallet, availableMicro - (movement.hold.lateMicro - hold.lateMicro))
    return movement
  })
  const transfers = movements.flatMap((movement) => movement.transfers)
  await tx.post({ holds: movements.map(({ hold }) => hold), transfers })
  return { added: dues.flatMap(({ added }) => added), transfers }
}

function recordMetrics(
  { counters, log }: BillingContext,
  {
    result,
    added,
    refusals,
  }: {
    result: OutputOf<CaptureUsage>
    added: readonly UsageRecord[]
    refusals: readonly RefusedUsage[]
  },
): void {
  counters.usage.add({ outcome: 'captured' }, result.captured)
  counters.usage.add({ outcome: 'duplicate' }, result.duplicates)
  counters.usage.add({ outcome: 'refused' }, refusals.length)
  counters.micro.add({ kind: 'captured' }, Number(result.capturedMicro))
  counters.micro.add({ kind: 'receivable' }, Number(result.receivableMicro))
  const lossMicro = sum(added.map(({ upstreamLossMicro }) => upstreamLossMicro))
  counters.micro.add({ kind: 'upstream_loss' }, Number(lossMicro))
  for (const { record, reason } of refusals) {
    const { requestId, allowanceId, wallet } = record
    log.error({ requestId, allowanceId, wallet, reason }, 'a usage record was refused')
  }
}
