/**
 * Usage records on their way to billing: gathered for a moment, delivered in batches, never on a
 * caller's path. What cannot be delivered goes to the spool on disk and is tried again from there.
 * Delivered records are remembered for a while, so that an allowance can be closed only after billing
 * surely has all of them: whoever closes sends them once more, and billing counts each once.
 */
import type { Billing, UsageRecord } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { UsageSpool } from './usage-spool.ts'

const FLUSH_MS = 50
const BATCH_MAX = 500
/** A queue that has not brought a record to billing within this time has lost it, and will say so. */
const REMEMBER_MS = 60_000
const REMEMBERED_MAX = 20_000
const DRAIN_EVERY_MS = 2_000

export interface UsageOutboxDeps {
  /** Hands records over for good; rejects when it could not. */
  deliver: (records: UsageRecord[]) => Promise<void>
  billing: Pick<Billing, 'captureUsage'>
  spool: UsageSpool
  clock: Clock
  log: Log
}

export interface UsageOutbox {
  add(record: UsageRecord): void
  /** Brings every record of these allowances to billing itself; false when one may be elsewhere. */
  settleNow(allowanceIds: readonly string[]): Promise<boolean>
  /** False while records wait on disk: more calls would only make the heap grow. */
  healthy(): boolean
  waiting(): number
  start(): void
  /** Delivers or spools all that is left. */
  stop(): Promise<void>
}

export function usageOutbox(deps: UsageOutboxDeps): UsageOutbox {
  const { clock, spool, log } = deps
  const buffer: UsageRecord[] = []
  let cancelFlush: (() => void) | undefined
  let flight: Promise<void> | undefined
  let stopDraining: (() => void) | undefined
  let draining: Promise<void> | undefined
  let spooled = false
  const memory = rememberedRecords(clock)

  const send = async (records: UsageRecord[]) => {
    try {
      await deps.deliver(records)
      memory.add(records)
    } catch (err) {
      log.warn({ err, records: records.length }, 'usage records wait on disk')
      spooled = true
      await spool.put(records)
    }
  }

  // One batch at a time, so that a slow bus gathers records into larger batches.
  const flushAll = async () => {
    while (buffer.length > 0) {
      const batch = buffer.splice(0, BATCH_MAX)
      try {
        await send(batch)
      } catch (err) {
        // Neither the bus nor the disk takes them: they stay here, and the door takes no more.
        buffer.unshift(...batch)
        log.error({ err, records: buffer.length }, 'usage records can neither be sent nor spooled')
        return
      }
    }
  }

  const flush = () => (flight ??= flushAll().finally(() => (flight = undefined)))

  const drain = async () => {
    // Before the look: what is put there meanwhile waits for the next one.
    spooled = false
    try {
      const delivered = await spool.drain(async (records) => {
        await deps.deliver(records)
        memory.add(records)
      })
      if (delivered > 0) log.info({ records: delivered }, 'usage records left the disk')
    } catch (err) {
      spooled = true
      log.warn({ err }, 'usage records still wait on disk')
    }
    if (buffer.length > 0) await flush()
  }

  const drainOnce = () => (draining ??= drain().finally(() => (draining = undefined)))

  return {
    add(record) {
      buffer.push(record)
      if (buffer.length >= BATCH_MAX) void flush()
      else {
        cancelFlush ??= clock.after(FLUSH_MS, () => {
          cancelFlush = undefined
          void flush()
        })
      }
    },
    async settleNow(allowanceIds) {
      await draining
      await flush()
      if (spooled || buffer.length > 0) return false
      const records = memory.of(new Set(allowanceIds))
      if (records === undefined) return false
      for (let start = 0; start < records.length; start += BATCH_MAX) {
        await deps.billing.captureUsage({ records: records.slice(start, start + BATCH_MAX) })
      }
      return true
    },
    healthy: () => buffer.length < REMEMBERED_MAX,
    waiting: () => buffer.length,
    start() {
      // Files of an earlier life leave first.
      spooled = true
      void drainOnce()
      stopDraining = clock.every(DRAIN_EVERY_MS, () => {
        if (spooled || buffer.length > 0) void drainOnce()
      })
    },
    async stop() {
      stopDraining?.()
      cancelFlush?.()
      await draining
      await flush()
    },
  }
}

/** The records of the last minute; `of` is undefined when some that it should know were dropped. */
function rememberedRecords(clock: Clock) {
  let records: { record: UsageRecord; atMs: number }[] = []
  let droppedUntilMs = Number.NEGATIVE_INFINITY
  return {
    add(delivered: readonly UsageRecord[]) {
      const nowMs = clock.monotonicMs()
      for (const record of delivered) records.push({ record, atMs: nowMs })
      if (records.length > REMEMBERED_MAX * 2) {
        const fresh = records.filter(({ atMs }) => nowMs - atMs <= REMEMBER_MS)
        if (fresh.length > REMEMBERED_MAX) droppedUntilMs = nowMs + REMEMBER_MS
        records = fresh.slice(-REMEMBERED_MAX)
      }
    },
    of(allowanceIds: ReadonlySet<string>): UsageRecord[] | undefined {
      const nowMs = clock.monotonicMs()
      if (nowMs < droppedUntilMs) return undefined
      return records
        .filter(
          ({ record, atMs }) => nowMs - atMs <= REMEMBER_MS && allowanceIds.has(record.allowanceId),
        )
        .map(({ record }) => record)
    },
  }
}
