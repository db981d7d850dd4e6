/** What one answer may have when neither the caller nor the channel sets a limit. */
export const OUTPUT_TOKENS_DEFAULT = 16_384

/** The most that one picture of a conversation is worth; what is above is paid by the platform. */
const ATTACHMENT_TOKENS_MAX = 4_000

/**
 * The most that a chat request may consume. A token stands for at least one byte of what it was made
 * from, so the bytes of the body bound its tokens; pictures count by the piece, sounds by their length and
 * files by their pages (`packages/protocol/src/media-pieces.ts`).
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
  /** Of sounds and files. */
  mediaTokens: number
  count: number
  /** `max_tokens` of the request. */
  outputTokensRequested: number | undefined
  /** What the model can write at most. */
  outputTokensMax: number | undefined
}): { inputMax: number; outputMax: number } {
  const able = outputTokensMax ?? Math.max(OUTPUT_TOKENS_DEFAULT, outputTokensRequested ?? 0)
  const each = Math.min(outputTokensRequested ?? able, able)
  return {
    inputMax: promptTokensMax({ textBytes, attachments, mediaTokens }),
    outputMax: atMost(each * count),
  }
}

/** The most tokens that the prompt of a scanned body can be. */
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

// The largest count that usage in normal form may have.
const atMost = (tokens: number) => Math.min(tokens, 1_000_000_000)
