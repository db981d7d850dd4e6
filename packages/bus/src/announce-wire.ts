import type { BusEventName } from '@sluice/contracts/events'
import { AppError } from '@sluice/kernel/app-error'

import type { Bus } from './bus.ts'
import { decodeEvent } from './event-wire.ts'

/** Announces an event that was kept in wire form, as rows of the outbox are. Throws `internal_error` for another shape. */
export async function announceWire<Name extends BusEventName>(
  bus: Pick<Bus, 'announce'>,
  { topic, payload }: { topic: Name; payload: unknown },
): Promise<void> {
  const decoded = decodeEvent(topic, JSON.stringify(payload))
  if (!decoded.ok) throw new AppError('internal_error', `This is no ${topic}: ${decoded.why}`)
  await bus.announce(topic, decoded.event)
}
