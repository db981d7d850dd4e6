import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

/** What a bus meets and does not tell its callers; the bounded label of a metric. */
export const busIncidents = [
  /** A payload that is not of its event's schema; dropped. */
  'poison',
  /** A receiver failed; the message comes again. */
  'redelivered',
  /** A message that failed at every delivery; dropped. */
  'given-up',
  /** A queue was full; its oldest message was dropped. */
  'discarded',
  /** A topic's receiver failed; nothing comes again. */
  'receiver-failed',
] as const
export type BusIncident = (typeof busIncidents)[number]

export interface BusDeps {
  clock: Clock
  /** Spreads redeliveries. */
  random: Random
  log?: Log
  /** Counts what happened, by event name. */
  count?: (incident: BusIncident, name: string) => void
}
