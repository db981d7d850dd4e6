/**
 * Brings batches of usage records to billing, one call at a time and oldest first; what has queued up goes
 * together. A batch leaves when billing has answered, which it does after its commit. What billing does not accept is found by halving
 * the batch, and set aside record by record, so that it holds nothing else up.
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import { joinUsageBatches } from '@sluice/contracts/usage-batch'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { SpoolEntry } from './own-segments.ts'
import type { UsageSpool } from './usage-spool.ts'

/** A call stays far below the largest message of a bus. */
const CALL_RECORDS_MAX = 500
const REST_MS = 1_000
/** So many refusals without one success are a fault of billing, and not of the records. */
const REFUSALS_IN_A_ROW_MAX = 20

export interface UsageBatch {
  /** Undefined when they are only on disk. */
  records: UsageRecord[] | undefined
  /** Where they are on disk; undefined while they are only in memory. */
  entry: SpoolEntry | undefined
  /** True for a file that another process has written. */
  foreign: boolean
}

export interface UsageSender {
  add(batch: UsageBatch): void
  batches(): readonly UsageBatch[]
  /** True from a call that failed until the next try. */
  resting(): boolean
  /** Resolves when the batch that is being sent has left or stays; undefined while nothing is sent. */
  sending(): Promise<void> | undefined
}

export interface UsageSenderDeps {
  billing: Pick<Billing, 'captureUsage'>
  spool: UsageSpool
  clock: Clock
  log: Log
  /** Called when a batch has left. */
  left: (batch: UsageBatch) => void
  /** Called after each try, whatever came of it. */
  tried: () => void
}

type Outcome = 'captured' | 'away' | 'billing-refuses-all'

export function usageSender(deps: UsageSenderDeps): UsageSender {
  const { billing, spool, clock, log } = deps
  const queue: UsageBatch[] = []
  let current: Promise<void> | undefined
  let resting = false
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
        log.warn({ err, records: records.length }, 'billing did not take usage records')
        return 'away'
      }
      const [record] = records
      if (records.length > 1 || !record) return sendHalves(records)
      refusals += 1
      if (refusals > REFUSALS_IN_A_ROW_MAX) return 'billing-refuses-all'
      log.error({ err, requestId: record.requestId }, 'billing refuses a usage record')
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
        for (const batch of batches) await leave(batch)
        return
      }
      // Others get their turn, and show whether billing refuses them as well.
      if (outcome === 'billing-refuses-all') batches.forEach(moveToEnd)
    } catch (err) {
      const files = batches.map(({ entry }) => entry?.file)
      log.error({ err, files }, 'usage records could not be read or set aside')
      batches.forEach(moveToEnd)
    }
    rest()
  }

  const recordsOf = async (batches: readonly UsageBatch[]): Promise<UsageRecord[]> => {
    const [first] = batches
    if (!first?.records) return first?.entry ? spool.read(first.entry) : []
    if (batches.length === 1) return first.records
    return joinUsageBatches(batches.flatMap(({ records }) => (records ? [records] : [])))
  }

  const leave = async (batch: UsageBatch) => {
    queue.splice(queue.indexOf(batch), 1)
    deps.left(batch)
    if (batch.entry) await spool.remove(batch.entry)
  }

  const moveToEnd = (batch: UsageBatch) => {
    const place = queue.indexOf(batch)
    if (place >= 0) queue.push(...queue.splice(place, 1))
  }

  const rest = () => {
    resting = true
    clock.after(REST_MS, () => {
      resting = false
      next()
    })
  }

  const next = () => {
    if (current || resting || queue.length === 0) return
    current = sendBatches(nextBatches(queue)).finally(() => {
      current = undefined
      deps.tried()
      next()
    })
  }

  return {
    add(batch) {
      queue.push(batch)
      next()
    },
    batches: () => queue,
    resting: () => resting,
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

// What no repetition of the same call can change, and what billing itself stumbles over.
const isRefusal = (error: unknown) =>
  !isAppError(error) || !error.retryable || error.code === 'internal_error'

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
