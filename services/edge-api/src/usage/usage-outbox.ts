/**
 * Buffers usage records and sends them to billing in batches, off the caller's path. A batch is retained
 * until billing has captured it. With `spoolFirst` it is written to the spool before it is sent, and synced
 * when billing has not captured it within LATE_MS. Without it, only batches not captured within LATE_MS are
 * written, and all later ones until billing has caught up. A killed process loses the records of the last
 * FLUSH_MS and those being written to disk; a power failure (and a kill without `spoolFirst`) also those sent
 * less than LATE_MS ago.
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import { adoptFiles } from './adopt-usage-files.ts'
import type { UsageBatch } from './usage-sender.ts'
import { usageSender } from './usage-sender.ts'
import type { SpoolEntry } from './own-segments.ts'
import type { UsageSpool } from './usage-spool.ts'
import { FOREIGN_AFTER_MS } from './usage-spool.ts'

const FLUSH_MS = 25
const BATCH_MAX = 200
const LATE_MS = 100
/** Number of spooled batches whose records are also kept in memory. */
const BATCHES_IN_MEMORY_MAX = 100
/** Records that cannot be spooled; beyond this, no more paid requests are accepted. */
const UNSAVED_MAX = 20_000
const DISK_RETRY_MS = 2_000
/** Interval of searching for files of stopped edges and retrying rejected records. */
const ADOPT_EVERY_MS = FOREIGN_AFTER_MS

export interface UsageOutboxDeps {
  billing: Pick<Billing, 'captureUsage'>
  spool: UsageSpool
  spoolFirst: boolean
  clock: Clock
  log: Log
}

export interface UsageOutbox {
  add(record: UsageRecord): void
  /** True when billing has captured every record of these allowances; false when some are still unsent. */
  settleNow(allowanceIds: readonly string[]): Promise<boolean>
  /** False while too many records can neither be sent nor written. */
  healthy(): boolean
  /** Records in memory. */
  waiting(): number
  /** Batches on disk that billing has not captured yet. */
  spooled(): number
  /** Number of records that billing rejected; they are set aside on disk. */
  refused(): number
  start(): void
  /** Sends or spools the remaining records. */
  stop(): Promise<void>
}

export function usageOutbox(deps: UsageOutboxDeps): UsageOutbox {
  const { spool, spoolFirst, clock, log } = deps
  const buffer: UsageRecord[] = []
  let cancelFlush: (() => void) | undefined
  let saving: Promise<void> | undefined
  let stopAdopting: (() => void) | undefined
  // A batch was not captured in time, and billing has not caught up since.
  let late = false
  let isDiskPaused = false
  /** Number of records in the sender's batches that are not on disk. */
  let unsaved = 0
  const adoption = adoptFiles(deps, (batch) => sender.add(batch))
  const sender = usageSender({
    ...deps,
    onRemoved: ({ entry, records }) => {
      if (!entry) unsaved -= records?.length ?? 0
    },
    onAttempted: () => {
      if (sender.batches().length === 0) late = false
      // Not at once, so that each call, file and billing transaction covers the records of FLUSH_MS.
      if (buffer.length >= BATCH_MAX) void flush()
      else if (buffer.length > 0) plan()
    },
  })

  const add = (batch: UsageBatch) => {
    if (!batch.entry) unsaved += batch.records?.length ?? 0
    sender.add(batch)
  }

  /** Writes records to disk; undefined when that is not possible now. */
  const save = async (records: readonly UsageRecord[]): Promise<SpoolEntry | undefined> => {
    if (isDiskPaused) return undefined
    try {
      return await spool.put(records)
    } catch (err) {
      isDiskPaused = true
      clock.after(DISK_RETRY_MS, () => {
        isDiskPaused = false
        void flush()
      })
      log.error({ err, records: buffer.length + unsaved }, 'usage records cannot be spooled')
      return undefined
    }
  }

  /** Saves a queued batch; billing may capture it in the meantime. */
  const saveQueued = async (batch: UsageBatch) => {
    const { records = [] } = batch
    const entry = await save(records)
    if (!entry) return
    if (!sender.batches().includes(batch)) return spool.remove(entry)
    batch.entry = entry
    unsaved -= records.length
    await sync(batch)
  }

  const sync = async ({ entry }: UsageBatch) => {
    try {
      if (entry) await spool.sync(entry)
    } catch (err) {
      log.error({ err, file: entry?.file }, 'a file of usage records cannot be synced to disk')
    }
  }

  const whenLate = (batch: UsageBatch, act: () => void) => {
    clock.after(LATE_MS, () => {
      if (sender.batches().includes(batch)) act()
    })
  }

  const saveAll = async () => {
    const queued = unsaved === 0 ? [] : sender.batches().filter(({ entry }) => !entry)
    for (const batch of queued) await saveQueued(batch)
    do {
      const records = buffer.slice(0, BATCH_MAX)
      if (records.length === 0) break
      const entry = await save(records)
      buffer.splice(0, records.length)
      const many = sender.batches().length >= BATCHES_IN_MEMORY_MAX
      const retained = many && entry ? undefined : records
      const batch: UsageBatch = { records: retained, entry, foreign: false }
      add(batch)
      whenLate(batch, () => void sync(batch))
    } while (buffer.length >= BATCH_MAX)
    // Records added in the meantime are buffered again, so that a fast disk is not written for every record.
    if (buffer.length > 0) plan()
  }

  /** Sends one batch from memory; records added during the call form the next one. */
  const sendPromptly = () => {
    if (sender.sending() || buffer.length === 0) return
    const records = buffer.splice(0, BATCH_MAX)
    const batch: UsageBatch = { records, entry: undefined, foreign: false }
    add(batch)
    whenLate(batch, () => {
      late = true
      void flush()
    })
  }

  const flush = async (): Promise<void> => {
    if (!spoolFirst && !late && !sender.isPaused()) return sendPromptly()
    await (saving ??= saveAll().finally(() => (saving = undefined)))
  }

  const plan = () => {
    cancelFlush ??= clock.after(FLUSH_MS, () => {
      cancelFlush = undefined
      void flush()
    })
  }

  return {
    add(record) {
      buffer.push(record)
      if (buffer.length >= BATCH_MAX) void flush()
      else plan()
    },
    async settleNow(allowanceIds) {
      const ids = new Set(allowanceIds)
      while (buffer.some((record) => ids.has(record.allowanceId))) {
        await flush()
        await sender.sending()
        if (sender.isPaused()) return false
      }
      while (sender.batches().some((batch) => isOf(batch, ids))) {
        if (sender.isPaused()) return false
        await sender.sending()
      }
      return true
    },
    healthy: () => buffer.length + unsaved < UNSAVED_MAX,
    waiting: () => buffer.length + unsaved,
    spooled: () => sender.batches().length,
    refused: adoption.refused,
    start() {
      void adoption.run({ known: sender.batches() })
      stopAdopting = clock.every(ADOPT_EVERY_MS, () => {
        void adoption.run({ olderThanMs: FOREIGN_AFTER_MS, known: sender.batches() })
      })
    },
    async stop() {
      stopAdopting?.()
      cancelFlush?.()
      await adoption.idle()
      while (buffer.length > 0 || sender.batches().length > 0) {
        await flush()
        await sender.sending()
        if (sender.isPaused()) break
      }
      await sender.sending()
      await saving
      isDiskPaused = false
      await saveAll()
      cancelFlush?.()
      const lost = buffer.length + unsaved
      if (lost > 0) log.error({ records: lost }, 'usage records are lost: they cannot be written')
      await spool.close()
    },
  }
}

/** Whether the batch may contain records of these allowances of this process. */
const isOf = ({ records, foreign }: UsageBatch, ids: ReadonlySet<string>) =>
  !foreign && (records === undefined || records.some((one) => ids.has(one.allowanceId)))
