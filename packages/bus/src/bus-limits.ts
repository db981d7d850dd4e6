import { callFailed } from './call-failed.ts'

/** The largest message: the default `max_payload` of a NATS server. Image bytes go through the blob store. */
export const MESSAGE_BYTES_MAX = 1024 * 1024

/**
 * How long a queue retains messages. None carries money or is the only copy of a fact: an expired message is
 * announced again from its outbox row, or its database row is found by a periodic scan.
 */
export const QUEUE_AGE_MAX_MS = 3_600_000

/** Throws `internal_error` for a message above the size limit, before it is sent. */
export function assertFits(subject: string, text: string): void {
  // A UTF-16 unit becomes three bytes at most, so the exact count is needed for large messages only.
  if (text.length * 3 <= MESSAGE_BYTES_MAX) return
  const bytes = Buffer.byteLength(text)
  if (bytes <= MESSAGE_BYTES_MAX) return
  const detail = `a message of ${bytes} bytes on ${subject} is too large`
  throw callFailed('internal_error', { what: 'failed', detail })
}
