import type { BusEvent, BusEventName } from '@sluice/contracts/events'

import type { BusIncident } from '../bus-deps.ts'
import type { Bus, QueueOptions } from '../bus.ts'

/** One world of messages, made anew for every test. */
export interface BusHarness {
  bus: Bus
  /** Another service's bus in the same world. */
  connect(): Promise<Bus>
  /** Puts a payload on the wire as it is, past the schemas. */
  inject(name: BusEventName, text: string): Promise<void>
  /** Lets so much time pass; where time passes by itself, there is nothing to do. */
  pass(ms: number): Promise<void>
  /** What was counted so far. */
  incidents: [BusIncident, string][]
  dispose(): Promise<void>
}

export const jobId = (index: number) => `img_${index.toString(16).padStart(32, '0')}`

export const queued = (index: number): BusEvent<'image-job-queued'> => ({
  jobId: jobId(index),
  model: 'm',
})

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

export const queueOptions: QueueOptions = {
  group: 'runner',
  inFlightMax: 4,
  ackWithinMs: 60_000,
  deliveriesMax: 5,
}
