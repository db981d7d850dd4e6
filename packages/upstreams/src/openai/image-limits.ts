/** One picture, wherever it lies: in the answer, or at an address of its own. */
export const PICTURE_BYTES_MAX = 48 * 1024 * 1024

/** An answer's body: one picture of the largest size as base64. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** One event of a stream: the same, counted in characters. */
export const EVENT_CHARS_MAX = 64 * 1024 * 1024

/** A stream: the picture and three partial ones, each as large as it may be. */
export const STREAM_BYTES_MAX = 4 * ANSWER_BYTES_MAX

/** A picture that an upstream left at an address of its own. */
export const FETCH_TIMEOUT_MS = 60_000
