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

const FLUSH_MS = 25
const BATCH_MAX = 200
/** A queue brings a record to billing within this time, or billing is away. */
const REMEMBER_MS = 10_000
/** More would be kept only to be thrown away, and what lives long is dear to the garbage collector. */
const REMEMBERED_MAX = 2_000
/** Beyond this the door takes no more paid requests. */
const WAITING_MAX = 20_000
const DRAIN_EVERY_MS = 2_000
/** What an edge that stops gives the queue, when it does not know any more what is in it. */
const QUEUE_MS = 3_000

export interface UsageOutboxDeps {
  /** Hands records over for good; rejects when it could not. */
  deliver: (records: UsageRecord[]) => Promise<void>
  /** True when delivered records are captured; false when a queue will bring them to billing. */
  deliversToBilling: boolean
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
  // Neither bus nor disk took the last batch: nobody tries again before the next drain.
  let resting = false
  const memory = rememberedRecords(clock)
  const remember = deps.deliversToBilling ? () => undefined : memory.add

  const send = async (records: UsageRecord[]) => {
    try {
      await deps.deliver(records)
      remember(records)
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
        resting = true
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
        remember(records)
      })
      if (delivered > 0) log.info({ records: delivered }, 'usage records left the disk')
    } catch (err) {
      spooled = true
      log.warn({ err }, 'usage records still wait on disk')
    }
    resting = false
    if (buffer.length > 0) await flush()
  }

  const drainOnce = () => (draining ??= drain().finally(() => (draining = undefined)))

  return {
    add(record) {
      buffer.push(record)
      if (resting) return
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
    healthy: () => buffer.length < WAITING_MAX,
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
      if (memory.isSure()) return
      await clock.sleep(QUEUE_MS)
      memory.beSure()
    },
  }
}

interface RememberedBatch {
  records: readonly UsageRecord[]
  atMs: number
}

/** The records that left lately; `of` is undefined when some that it should know were dropped. */
function rememberedRecords(clock: Clock) {
  const batches: RememberedBatch[] = []
  let count = 0
  let unsureUntilMs = Number.NEGATIVE_INFINITY
  return {
    add(records: readonly UsageRecord[]) {
      const nowMs = clock.monotonicMs()
      batches.push({ records, atMs: nowMs })
      count += records.length
      for (let first = batches[0]; first; first = batches[0]) {
        const isFresh = nowMs - first.atMs <= REMEMBER_MS
        if (isFresh && count <= REMEMBERED_MAX) return
        if (isFresh) unsureUntilMs = first.atMs + REMEMBER_MS
        count -= first.records.length
        batches.shift()
      }
    },
    isSure: () => clock.monotonicMs() > unsureUntilMs,
    /** The queue had time enough. */
    beSure: () => void (unsureUntilMs = Number.NEGATIVE_INFINITY),
    of(allowanceIds: ReadonlySet<string>): UsageRecord[] | undefined {
      const nowMs = clock.monotonicMs()
      if (nowMs <= unsureUntilMs) return undefined
      return batches
        .filter(({ atMs }) => nowMs - atMs <= REMEMBER_MS)
        .flatMap(({ records }) => records.filter((one) => allowanceIds.has(one.allowanceId)))
    },
  }
}
