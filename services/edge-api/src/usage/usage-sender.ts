/**
 * Sends batches of usage records to billing, one call at a time, oldest first; queued batches are combined. A
 * batch is removed when billing has responded, which it does after its commit. Records that billing rejects
 * are found by halving the batch, and set aside one by one, so that they do not block others.
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import { joinUsageBatches } from '@sluice/contracts/usage-batch'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { SpoolEntry } from './own-segments.ts'
import type { UsageSpool } from './usage-spool.ts'

/** Keeps a call far below the maximum message size of the bus. */
const CALL_RECORDS_MAX = 500
const RETRY_MS = 1_000
/** More consecutive rejections without a success indicate a fault of billing, not of the records. */
const CONSECUTIVE_REFUSALS_MAX = 20

export interface UsageBatch {
  /** Undefined when they are only on disk. */
  records: UsageRecord[] | undefined
  /** Their location on disk; undefined while they are only in memory. */
  entry: SpoolEntry | undefined
  /** True for a file written by another process. */
  foreign: boolean
}

export interface UsageSender {
  add(batch: UsageBatch): void
  batches(): readonly UsageBatch[]
  /** True from a failed call until the next attempt. */
  isPaused(): boolean
  /** Resolves when the current send has ended; undefined while nothing is being sent. */
  sending(): Promise<void> | undefined
}

export interface UsageSenderDeps {
  billing: Pick<Billing, 'captureUsage'>
  spool: UsageSpool
  clock: Clock
  log: Log
  /** Called when a batch was captured and removed from the queue. */
  onRemoved: (batch: UsageBatch) => void
  /** Called after each attempt. */
  onAttempted: () => void
}

type Outcome = 'captured' | 'unavailable' | 'billing-refuses-all'

export function usageSender(deps: UsageSenderDeps): UsageSender {
  const { billing, spool, clock, log } = deps
  const queue: UsageBatch[] = []
  let current: Promise<void> | undefined
  let isPaused = false
  let refusals = 0

  const send = async (records: UsageRecord[]): Promise<Outcome> => {
    if (records.length === 0) return 'captured'
    if (records.length > CALL_RECORDS_MAX) return sendHalves(records)
    try {
      await billing.captureUsage({ records })
      refusals = 0
      return 'captured'
    } catch (err) {
      if (!isRefusal(err)) {
        log.warn({ err, records: records.length }, 'usage records could not be sent to billing')
        return 'unavailable'
      }
      const [record] = records
      if (records.length > 1 || !record) return sendHalves(records)
      refusals += 1
      if (refusals > CONSECUTIVE_REFUSALS_MAX) return 'billing-refuses-all'
      log.error({ err, requestId: record.requestId }, 'billing rejected a usage record')
      await spool.refuse(record, reasonOf(err))
      return 'captured'
    }
  }

  const sendHalves = async (records: UsageRecord[]): Promise<Outcome> => {
    const middle = Math.ceil(records.length / 2)
    const first = await send(records.slice(0, middle))
    return first === 'captured' ? send(records.slice(middle)) : first
  }

  const sendBatches = async (batches: readonly UsageBatch[]) => {
    try {
      const outcome = await send(await recordsOf(batches))
      if (outcome === 'captured') {
        for (const batch of batches) await removeBatch(batch)
        return
      }
      // Other batches are tried next, which shows whether billing rejects them as well.
      if (outcome === 'billing-refuses-all') batches.forEach(moveToEnd)
    } catch (err) {
      const files = batches.map(({ entry }) => entry?.file)
      log.error({ err, files }, 'usage records could not be read or set aside')
      batches.forEach(moveToEnd)
    }
    pause()
  }

  const recordsOf = async (batches: readonly UsageBatch[]): Promise<UsageRecord[]> => {
    const [first] = batches
    if (!first?.records) return first?.entry ? spool.read(first.entry) : []
    if (batches.length === 1) return first.records
    return joinUsageBatches(batches.flatMap(({ records }) => (records ? [records] : [])))
  }

  const removeBatch = async (batch: UsageBatch) => {
    queue.splice(queue.indexOf(batch), 1)
    deps.onRemoved(batch)
    if (batch.entry) await spool.remove(batch.entry)
  }

  const moveToEnd = (batch: UsageBatch) => {
    const index = queue.indexOf(batch)
    if (index >= 0) queue.push(...queue.splice(index, 1))
  }

  const pause = () => {
    isPaused = true
    clock.after(RETRY_MS, () => {
      isPaused = false
      next()
    })
  }

  const next = () => {
    if (current || isPaused || queue.length === 0) return
    current = sendBatches(nextBatches(queue)).finally(() => {
      current = undefined
      deps.onAttempted()
      next()
    })
  }

  return {
    add(batch) {
      queue.push(batch)
      next()
    },
    batches: () => queue,
    isPaused: () => isPaused,
    sending: () => current,
  }
}

/** The oldest batch, and those after it that are in memory and fit into the same call. */
function nextBatches(queue: readonly UsageBatch[]): UsageBatch[] {
  const batches = queue.slice(0, 1)
  let total = batches[0]?.records?.length ?? CALL_RECORDS_MAX
  for (const batch of queue.slice(1)) {
    if (!batch.records) break
    total += batch.records.length
    if (total > CALL_RECORDS_MAX) break
    batches.push(batch)
  }
  return batches
}

// Errors that a repeated call cannot change, and internal errors of billing.
const isRefusal = (error: unknown) =>
  !isAppError(error) || !error.retryable || error.code === 'internal_error'

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
