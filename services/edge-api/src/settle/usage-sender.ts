/**
 * Brings batches of usage records to billing, one call at a time and oldest first. A batch leaves when
 * billing has answered, which it does after its commit. What billing does not accept is found by halving
 * the batch, and set aside record by record, so that it holds nothing else up.
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { UsageSpool } from './usage-spool.ts'

/** A call stays far below the largest message of a bus. */
const CALL_RECORDS_MAX = 500
const REST_MS = 1_000
/** So many refusals without one success are a fault of billing, and not of the records. */
const REFUSALS_IN_A_ROW_MAX = 20

export interface UsageBatch {
  /** Undefined when they are only on disk. */
  records: readonly UsageRecord[] | undefined
  /** The file that holds them; undefined while they are only in memory. */
  file: string | undefined
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

  const send = async (records: readonly UsageRecord[]): Promise<Outcome> => {
    if (records.length === 0) return 'captured'
    if (records.length > CALL_RECORDS_MAX) return sendHalves(records)
    try {
      await billing.captureUsage({ records: [...records] })
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

  const sendHalves = async (records: readonly UsageRecord[]): Promise<Outcome> => {
    const middle = Math.ceil(records.length / 2)
    const first = await send(records.slice(0, middle))
    return first === 'captured' ? send(records.slice(middle)) : first
  }

  const sendBatch = async (batch: UsageBatch) => {
    try {
      const outcome = await send(batch.records ?? (await spool.read(batch.file ?? '')))
      if (outcome === 'captured') {
        queue.splice(queue.indexOf(batch), 1)
        deps.left(batch)
        if (batch.file !== undefined) await spool.remove(batch.file)
        return
      }
      // Others get their turn, and show whether billing refuses them as well.
      if (outcome === 'billing-refuses-all') moveToEnd(batch)
    } catch (err) {
      log.error({ err, file: batch.file }, 'usage records could not be read or set aside')
      moveToEnd(batch)
    }
    rest()
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
    const [batch] = queue
    if (current || resting || !batch) return
    current = sendBatch(batch).finally(() => {
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

// What no repetition of the same call can change, and what billing itself stumbles over.
const isRefusal = (error: unknown) =>
  !isAppError(error) || !error.retryable || error.code === 'internal_error'

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
