import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Kysely } from 'kysely'

import type { OutboxMessage } from './outbox.ts'
import { relayOutbox } from './outbox.ts'
import type { Tables } from './tables.ts'

// What a command of the operator changes is announced by a relay alone, and is due within a second.
const RELAY_EVERY_MS = 500
/** One round tells so many; a longer backlog goes on at once in the next. */
const RELAY_ROWS_MAX = 200

export interface OutboxRelay {
  start(): Promise<void>
  /** Resolves when the round that runs has ended. */
  stop(): Promise<void>
}

/**
 * Tells again what nobody consumed, for as long as the process lives. Any number of processes may run
 * one; each due row is told by one of them. A failed round is logged and tried again at the next.
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
      let told = RELAY_ROWS_MAX
      while (told === RELAY_ROWS_MAX) {
        told = await relayOutbox({ db, publish, clock, limit: RELAY_ROWS_MAX })
      }
    } catch (err) {
      log.warn({ err }, 'the outbox could not be relayed; trying again')
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
