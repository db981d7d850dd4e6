import type { BusEvent, BusEventName } from '@sluice/contracts/events'

import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions } from './bus.ts'
import { decodeEvent } from './event-wire.ts'
import type { InFlight } from './in-flight.ts'

type Deps = Pick<BusDeps, 'clock' | 'log' | 'count'> & { inFlight: InFlight }

/**
 * The result of one delivery of a queued message. `late`: its time to acknowledge was over, so it is
 * redelivered.
 */
export type DeliveryEnd = 'done' | 'failed' | 'late' | 'poison'

export interface Delivery<Name extends BusEventName> {
  name: Name
  text: string
  options: Pick<QueueOptions, 'ackWithinMs'>
  receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>
  /** Called once if the receiver is still running when the time to acknowledge is over. */
  onLate?: () => void
}

/** Calls a consumer with one message of a queue; never rejects. */
export async function deliver<Name extends BusEventName>(
  { clock, log, count, inFlight }: Deps,
  { name, text, options, receive, onLate }: Delivery<Name>,
): Promise<DeliveryEnd> {
  const decoded = decodeEvent(name, text)
  if (!decoded.ok) {
    count?.('poison', name)
    log?.warn({ event: name, why: decoded.why }, 'message dropped: it does not match its schema')
    return 'poison'
  }
  const aborter = new AbortController()
  let late = false
  const cancel = clock.after(options.ackWithinMs, () => {
    late = true
    aborter.abort(new Error(`not acknowledged within ${options.ackWithinMs} ms`))
    onLate?.()
  })
  const onClosing = () => aborter.abort(inFlight.signal.reason)
  inFlight.signal.addEventListener('abort', onClosing, { once: true })
  inFlight.begin()
  try {
    await receive(decoded.event, aborter.signal)
    return 'done'
  } catch (err) {
    log?.warn({ err, event: name, late }, 'a consumer failed')
    return late ? 'late' : 'failed'
  } finally {
    cancel()
    inFlight.signal.removeEventListener('abort', onClosing)
    inFlight.end()
  }
}

/** Calls a topic's receiver with one message; never throws. */
export function deliverEvent<Name extends BusEventName>(
  { log, count, inFlight }: Omit<Deps, 'clock'>,
  {
    name,
    text,
    receive,
  }: {
    name: Name
    text: string
    receive: (event: BusEvent<Name>) => void | Promise<void>
  },
): void {
  const decoded = decodeEvent(name, text)
  if (!decoded.ok) {
    count?.('poison', name)
    log?.warn({ event: name, why: decoded.why }, 'message dropped: it does not match its schema')
    return
  }
  const failed = (err: unknown) => {
    count?.('receiver-failed', name)
    log?.error({ err, event: name }, 'a receiver failed')
  }
  try {
    const received = receive(decoded.event)
    if (!received) return
    inFlight.begin()
    void received.catch(failed).finally(inFlight.end)
  } catch (err) {
    failed(err)
  }
}
