import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Kysely } from 'kysely'

import type { OutboxMessage } from './outbox.ts'
import { relayOutbox } from './outbox.ts'
import type { Tables } from './tables.ts'

// Changes made by operator commands are published only by a relay, and must take effect within a second.
const RELAY_EVERY_MS = 500
/** Rows per batch; a longer backlog continues with the next batch at once. */
const RELAY_ROWS_MAX = 200

export interface OutboxRelay {
  start(): Promise<void>
  /** Resolves when the running round has ended. */
  stop(): Promise<void>
}

/**
 * Publishes due outbox rows periodically. Several processes may run a relay; each due row is claimed by one
 * of them. A failed round is logged and retried in the next.
 */
export function createOutboxRelay({
  db,
  publish,
  clock,
  log,
  everyMs = RELAY_EVERY_MS,
}: {
  db: Kysely<Tables>
  publish: (message: OutboxMessage) => Promise<void>
  clock: Clock
  log: Log
  everyMs?: number
}): OutboxRelay {
  let running: Promise<void> | undefined
  let cancel = () => {}

  const drain = async () => {
    try {
      let published = RELAY_ROWS_MAX
      while (published === RELAY_ROWS_MAX) {
        published = await relayOutbox({ db, publish, clock, limit: RELAY_ROWS_MAX })
      }
    } catch (err) {
      log.warn({ err }, 'the outbox could not be relayed; retrying')
    }
  }
  const round = () => {
    running ??= drain().finally(() => (running = undefined))
  }
  return {
    start: async () => {
      cancel = clock.every(everyMs, round)
    },
    stop: async () => {
      cancel()
      await running
    },
  }
}
