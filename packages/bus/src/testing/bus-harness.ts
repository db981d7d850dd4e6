import type { BusEvent, BusEventName } from '@sluice/contracts/events'

import type { BusIncident } from '../bus-deps.ts'
import type { Bus, QueueOptions } from '../bus.ts'

/** The test environment of one bus implementation, created for every test. */
export interface BusHarness {
  bus: Bus
  /** Another service's bus in the same environment. */
  connect(): Promise<Bus>
  /** Sends a payload without schema validation. */
  inject(name: BusEventName, text: string): Promise<void>
  /** Advances a fake clock; does nothing with the real clock. */
  pass(ms: number): Promise<void>
  /** The incidents counted so far. */
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
