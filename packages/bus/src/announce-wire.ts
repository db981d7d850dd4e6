import type { BusEventName } from '@sluice/contracts/events'
import { AppError } from '@sluice/kernel/app-error'

import type { Bus } from './bus.ts'
import { decodeEvent } from './event-wire.ts'

/**
 * Announces an event stored in wire form, such as an outbox row. Throws `internal_error` when its schema does
 * not match.
 */
export async function announceWire<Name extends BusEventName>(
  bus: Pick<Bus, 'announce'>,
  { topic, payload }: { topic: Name; payload: unknown },
): Promise<void> {
  const decoded = decodeEvent(topic, JSON.stringify(payload))
  if (!decoded.ok)
    throw new AppError('internal_error', `not a valid ${topic} event: ${decoded.why}`)
  await bus.announce(topic, decoded.event)
}
