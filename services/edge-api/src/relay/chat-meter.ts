import type { TokenUsage } from '@sluice/contracts/usage'
import { laterUsage, readChatUsage } from '@sluice/protocol/chat-usage'
import { ChatProgress } from '@sluice/protocol/chat/chat-object'

import type { AnswerMeter } from '../relay-end.ts'

/** What a token is usually worth in bytes of text. */
const BYTES_PER_TOKEN = 4
/** The largest count that usage in normal form may have. */
const TOKENS_MAX = 1_000_000_000

/** Counts what an answer delivers and reports, object by object. Pure but for its own counts. */
export class ChatMeter implements AnswerMeter {
  usage: TokenUsage | undefined
  /** The last report as it came; undefined when it could not be true. */
  lastReport: TokenUsage | undefined
  contentAfterReport = false
  readonly progress = new ChatProgress()

  /** Takes an object that has choices; true when it delivers content. */
  take(value: Record<string, unknown>): boolean {
    const hasContent = this.progress.take(value)
    if (hasContent) this.contentAfterReport = true
    this.takeUsage(value['usage'])
    return hasContent
  }

  /** Takes a report of usage. Reports that cannot be true are ignored, and smaller ones change nothing. */
  takeUsage(value: unknown): void {
    if (value === null || value === undefined) return
    const reported = readChatUsage(value)
    this.lastReport = reported
    if (!reported) return
    if (reported.output >= (this.usage?.output ?? 0)) this.contentAfterReport = false
    this.usage = laterUsage(this.usage, reported)
  }

  estimateOutput(): number {
    const { textBytes, pieceTokens } = this.progress.delivered
    return Math.min(Math.ceil(textBytes / BYTES_PER_TOKEN) + pieceTokens, TOKENS_MAX)
  }
}
