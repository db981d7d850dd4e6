/** One image, inside the response or at a URL. */
export const PICTURE_BYTES_MAX = 48 * 1024 * 1024

/** A response body: one image of the largest size as base64. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** One event of a stream: the same, in characters. */
export const EVENT_CHARS_MAX = 64 * 1024 * 1024

/** A stream: the final image and three partial ones of the largest size. */
export const STREAM_BYTES_MAX = 4 * ANSWER_BYTES_MAX

/** For fetching an image from a URL of a response. */
export const FETCH_TIMEOUT_MS = 60_000
