import type { TokenUsage } from '@sluice/contracts/usage'
import { laterUsage, readChatUsage } from '@sluice/protocol/chat-usage'
import { ChatProgress } from '@sluice/protocol/chat/chat-object'

import type { AnswerMeter } from '../relay-end.ts'

/** Average bytes of text per token. */
const BYTES_PER_TOKEN = 4
/** The largest count that `TokenUsage` accepts. */
const TOKENS_MAX = 1_000_000_000

/** Meters the content and the usage reports of a response, object by object. */
export class ChatMeter implements AnswerMeter {
  usage: TokenUsage | undefined
  /** The last report; undefined when it was implausible. */
  lastReport: TokenUsage | undefined
  contentAfterReport = false
  readonly progress = new ChatProgress()

  /** Processes an object with choices; true when it has content. */
  take(value: Record<string, unknown>): boolean {
    const hasContent = this.progress.take(value)
    if (hasContent) this.contentAfterReport = true
    this.takeUsage(value['usage'])
    return hasContent
  }

  /** Processes a usage report. Implausible reports are ignored, and smaller ones change nothing. */
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
