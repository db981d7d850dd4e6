/**
 * Usage records on their way to billing: gathered for a moment and sent in batches, never on a caller's
 * path. A batch is kept until billing has captured it. `spoolFirst` writes it to the spool before it is
 * sent, and syncs the file when billing has not captured it within LATE_MS; without it, only what billing
 * has not captured within LATE_MS is written, and whatever comes until billing keeps up again. A process
 * that is killed loses what it gathered in the last FLUSH_MS, and what was being written to disk; a power cut
 * (and a kill without `spoolFirst`) also what billing had for less than LATE_MS.
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
/** Of so many batches that wait on disk the records are in memory, too. */
const BATCHES_IN_MEMORY_MAX = 100
/** Records that no disk takes: beyond this, no more paid requests are accepted. */
const UNSAVED_MAX = 20_000
const DISK_REST_MS = 2_000
/** Files of edges that are gone, and records that were set aside, are looked for so often. */
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
  /** True when billing has captured every record of these allowances; false when some must wait. */
  settleNow(allowanceIds: readonly string[]): Promise<boolean>
  /** False while so many records can neither be sent nor written that more would only fill the memory. */
  healthy(): boolean
  /** Records in memory. */
  waiting(): number
  /** Batches on disk that billing has not captured yet. */
  spooled(): number
  /** Records that billing does not accept; they are set aside on disk. */
  refused(): number
  start(): void
  /** Sends or spools all that is left. */
  stop(): Promise<void>
}

export function usageOutbox(deps: UsageOutboxDeps): UsageOutbox {
  const { spool, spoolFirst, clock, log } = deps
  const buffer: UsageRecord[] = []
  let cancelFlush: (() => void) | undefined
  let saving: Promise<void> | undefined
  let stopAdopting: (() => void) | undefined
  // Billing has not captured a batch in time, and has not caught up since.
  let late = false
  let diskRests = false
  /** Records in the sender's batches that are in no file. */
  let unsaved = 0
  const adoption = adoptFiles(deps, (batch) => sender.add(batch))
  const sender = usageSender({
    ...deps,
    left: ({ entry, records }) => {
      if (!entry) unsaved -= records?.length ?? 0
    },
    tried: () => {
      if (sender.batches().length === 0) late = false
      // Not at once: each call, file and transaction of billing is to carry what came in FLUSH_MS.
      if (buffer.length >= BATCH_MAX) void flush()
      else if (buffer.length > 0) plan()
    },
  })

  const add = (batch: UsageBatch) => {
    if (!batch.entry) unsaved += batch.records?.length ?? 0
    sender.add(batch)
  }

  /** Writes records to disk; undefined when it does not take them now. */
  const save = async (records: readonly UsageRecord[]): Promise<SpoolEntry | undefined> => {
    if (diskRests) return undefined
    try {
      return await spool.put(records)
    } catch (err) {
      diskRests = true
      clock.after(DISK_REST_MS, () => {
        diskRests = false
        void flush()
      })
      log.error({ err, records: buffer.length + unsaved }, 'usage records cannot be spooled')
      return undefined
    }
  }

  /** Saves a batch that the sender has already; billing may capture it meanwhile. */
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
      const kept = many && entry ? undefined : records
      const batch: UsageBatch = { records: kept, entry, foreign: false }
      add(batch)
      whenLate(batch, () => void sync(batch))
    } while (buffer.length >= BATCH_MAX)
    // What came meanwhile is gathered again, so that a fast disk is not synced for every record.
    if (buffer.length > 0) plan()
  }

  /** Sends one batch from memory; while it is under way the next one grows. */
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
    if (!spoolFirst && !late && !sender.resting()) return sendPromptly()
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
        if (sender.resting()) return false
      }
      while (sender.batches().some((batch) => isOf(batch, ids))) {
        if (sender.resting()) return false
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
        if (sender.resting()) break
      }
      await sender.sending()
      await saving
      diskRests = false
      await saveAll()
      cancelFlush?.()
      const lost = buffer.length + unsaved
      if (lost > 0) log.error({ records: lost }, 'usage records are lost: no disk takes them')
      await spool.close()
    },
  }
}

/** Whether it may hold records of these allowances, which are this process's own. */
const isOf = ({ records, foreign }: UsageBatch, ids: ReadonlySet<string>) =>
  !foreign && (records === undefined || records.some((one) => ids.has(one.allowanceId)))
