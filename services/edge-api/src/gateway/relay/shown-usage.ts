import type { TokenUsage } from '@sluice/contracts/usage'

import { finalUsage } from '../final-usage.ts'
import type { ChatMeter } from './chat-meter.ts'

/**
 * Makes the usage in a response match the charged usage: a report that contradicts the delivered content, or
 * an earlier report, is replaced in its object, and marked when it is an estimate. Other objects stay
 * unchanged.
 */
export class ShownUsage {
  /** The last usage sent to the caller. */
  private shown: TokenUsage | undefined
  private head: Record<string, unknown> = {}
  private readonly meter: ChatMeter
  readonly promptTokensMax: number

  constructor({ meter, promptTokensMax }: { meter: ChatMeter; promptTokensMax: number }) {
    this.meter = meter
    this.promptTokensMax = promptTokensMax
  }

  /** The corrected form of a metered object; undefined when it needs no correction. */
  corrected(value: Record<string, unknown>): Record<string, unknown> | undefined {
    const { usage } = value
    if (usage === undefined || usage === null) return undefined
    const { lastReport: reported } = this.meter
    const final = finalUsage(this.meter, this)
    this.shown = final?.usage ?? reported
    const { id, created, model } = value
    this.head = { id, object: 'chat.completion.chunk', created, model }
    if (!final || (reported && isSame(reported, final.usage))) return undefined
    return withUsage(value, final)
  }

  /** A final report to add when the sent usage differs from the charged one; undefined otherwise. */
  correction(): Record<string, unknown> | undefined {
    if (!this.shown) return undefined
    const final = finalUsage(this.meter, this)
    if (!final || isSame(this.shown, final.usage)) return undefined
    return withUsage({ ...this.head, choices: [] }, final)
  }
}

// Cached input is not compared, and stays as reported.
const isSame = (one: TokenUsage, other: TokenUsage) =>
  one.input === other.input && one.output === other.output

function withUsage(
  value: Record<string, unknown>,
  { usage, source }: NonNullable<ReturnType<typeof finalUsage>>,
): Record<string, unknown> {
  const { input, cachedInput, output } = usage
  return {
    ...value,
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      ...(cachedInput > 0 && { prompt_tokens_details: { cached_tokens: cachedInput } }),
    },
    ...(source === 'estimate' && { sluice: { usage_source: source } }),
  }
}
