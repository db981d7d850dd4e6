import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

/** Incidents that a bus counts instead of reporting them to its callers; the values of a metric label. */
export const busIncidents = [
  /** A payload did not match its event's schema and was dropped. */
  'poison',
  /** A message was delivered again. */
  'redelivered',
  /** A message failed at every delivery and was dropped. */
  'given-up',
  /** A queue was full; its oldest message was dropped. */
  'discarded',
  /** A topic's receiver failed; the message is not delivered again. */
  'receiver-failed',
] as const
export type BusIncident = (typeof busIncidents)[number]

export interface BusDeps {
  clock: Clock
  /** For the jitter of redelivery delays. */
  random: Random
  log?: Log
  /** Counts incidents by event name. */
  count?: (incident: BusIncident, name: string) => void
}
