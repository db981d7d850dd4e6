import { sum } from '@sluice/kernel/credits'

import { factsOfCall, factsOfJob } from '../ledger/charge-facts.ts'
import { sumUsage } from '../ledger/sum-usage.ts'
import type { ChargeReads, FoundCharge } from './charge-reads.ts'
import type { MemoryTables } from './memory-tables.ts'

/** The queries on charges in memory. */
export function memoryChargeReads({
  tables,
  serialized,
}: {
  tables: MemoryTables
  serialized: <Result>(work: () => Promise<Result>) => Promise<Result>
}): ChargeReads {
  const jobs = () => tables.holds.values().filter(({ purpose }) => purpose === 'job')
  const balances = (kind: string) =>
    sum(
      tables.accounts
        .values()
        .filter((account) => account.kind === kind)
        .map(({ balanceMicro }) => balanceMicro),
    )
  return {
    readUsage: ({ wallet, from, until, apiKeyId, model, rowsMax }) =>
      serialized(async () => {
        const matches = (at: Date, one: { wallet: string } & FilteredFields) =>
          one.wallet === wallet &&
          at >= from &&
          at < until &&
          (apiKeyId === undefined || one.apiKeyId === apiKeyId) &&
          (model === undefined || one.model === model)
        return sumUsage({
          holds: jobs().filter((hold) => matches(hold.openedAt, hold)),
          calls: tables.usage.values().filter((call) => matches(call.endedAt, call)),
        }).slice(0, rowsMax)
      }),
    listCharges: ({ wallet, after, from, until, model, kind, limit }) =>
      serialized(async () => {
        const own = <Row extends { wallet: string }>(rows: readonly Row[]) =>
          rows.filter((row) => row.wallet === wallet)
        return [...own(jobs()).map(factsOfJob), ...own(tables.usage.values()).map(factsOfCall)]
          .filter(
            (one) =>
              (after === undefined || byAge(one, after) < 0) &&
              (from === undefined || one.at >= from) &&
              (until === undefined || one.at < until) &&
              (model === undefined || one.model === model) &&
              (kind === undefined || one.kind === kind),
          )
          .sort((a, b) => byAge(b, a))
          .slice(0, limit)
      }),
    findCharge: (key) => serialized(async () => findCharge(tables, key)),
    sumBalances: () =>
      serialized(async () => ({
        heldMicro: balances('held'),
        availableMicro: balances('available'),
      })),
    sumCharged: ({ from, until }) =>
      serialized(async () =>
        sum(
          tables
            .transfersBySeq()
            .filter(({ kind }) => kind === 'capture' || kind === 'receivable')
            .filter(({ createdAt }) => createdAt >= from && createdAt < until)
            .map(({ amountMicro }) => amountMicro),
        ),
      ),
  }
}

interface FilteredFields {
  apiKeyId: string | null
  model: string | null
}

function findCharge(
  tables: MemoryTables,
  { wallet, id }: { wallet: string; id: string },
): FoundCharge | undefined {
  const hold = tables.findHold({ purpose: 'job', ref: id })
  if (hold?.wallet === wallet) {
    const entries = tables.transfersBySeq().filter(({ holdId }) => holdId === hold.id)
    return { kind: 'job', hold, entries }
  }
  const record = tables.usage.get(id)
  if (record?.wallet !== wallet) return undefined
  const entries = tables.transfersBySeq().filter(({ refId }) => refId === record.postingId)
  return { kind: 'call', record, entries }
}

type Cursor = { at: Date; id: string }
const byAge = (a: Cursor, b: Cursor) =>
  a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : a.id === b.id ? 0 : 1)
