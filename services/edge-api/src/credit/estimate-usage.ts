/** Output tokens of one choice when neither the caller nor the channel sets a limit. */
export const OUTPUT_TOKENS_DEFAULT = 16_384

/** Tokens reserved per picture in a conversation; the platform pays for any above. */
const ATTACHMENT_TOKENS_MAX = 4_000

/**
 * The worst-case usage of a chat request. A token encodes at least one byte of text, so the bytes of the body
 * bound its tokens; pictures have a fixed count, audio is counted by length and files by pages
 * (`packages/protocol/src/media-pieces.ts`).
 */
export function estimateUsage({
  textBytes,
  attachments,
  mediaTokens,
  count,
  outputTokensRequested,
  outputTokensMax,
}: {
  textBytes: number
  attachments: number
  /** Tokens of audio and files. */
  mediaTokens: number
  count: number
  /** `max_tokens` of the request. */
  outputTokensRequested: number | undefined
  /** Maximum output of the model. */
  outputTokensMax: number | undefined
}): { inputMax: number; outputMax: number } {
  const limit = outputTokensMax ?? Math.max(OUTPUT_TOKENS_DEFAULT, outputTokensRequested ?? 0)
  const each = Math.min(outputTokensRequested ?? limit, limit)
  return {
    inputMax: promptTokensMax({ textBytes, attachments, mediaTokens }),
    outputMax: atMost(each * count),
  }
}

/** The maximum number of prompt tokens of a scanned body. */
export function promptTokensMax({
  textBytes,
  attachments,
  mediaTokens,
}: {
  textBytes: number
  attachments: number
  mediaTokens: number
}): number {
  return atMost(textBytes + attachments * ATTACHMENT_TOKENS_MAX + mediaTokens)
}

// The largest count that `TokenUsage` accepts.
const atMost = (tokens: number) => Math.min(tokens, 1_000_000_000)
