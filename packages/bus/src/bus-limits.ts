import { callFailed } from './call-failed.ts'

/** The largest message; what a NATS server takes unless told otherwise. Bytes ride the blob store. */
export const MESSAGE_BYTES_MAX = 1024 * 1024

/**
 * How long a queue keeps messages. None of them carries money or is the only copy of a fact: what waits longer
 * is announced again from its row in the outbox, or found by its sweeper.
 */
export const QUEUE_AGE_MAX_MS = 3_600_000

/** Refuses a message that no bus would carry, before it is sent. */
export function assertFits(subject: string, text: string): void {
  // A UTF-16 unit becomes three bytes at most, so that most messages need not be counted.
  if (text.length * 3 <= MESSAGE_BYTES_MAX) return
  const bytes = Buffer.byteLength(text)
  if (bytes <= MESSAGE_BYTES_MAX) return
  const detail = `a message of ${bytes} bytes on ${subject} is too large`
  throw callFailed('internal_error', { what: 'failed', detail })
}
