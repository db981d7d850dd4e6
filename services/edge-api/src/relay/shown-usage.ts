import type { TokenUsage } from '@sluice/contracts/usage'

import { finalUsage } from '../final-usage.ts'
import type { ChatMeter } from './chat-meter.ts'

/**
 * What an answer says of usage is what is charged for it: a report that contradicts what was delivered, or an
 * earlier report, is replaced in the object that carries it, and marked where an estimate takes its place.
 * All others pass as they came.
 */
export class ShownUsage {
  /** The last that the caller was shown. */
  private shown: TokenUsage | undefined
  private head: Record<string, unknown> = {}
  private readonly meter: ChatMeter
  readonly promptTokensMax: number

  constructor({ meter, promptTokensMax }: { meter: ChatMeter; promptTokensMax: number }) {
    this.meter = meter
    this.promptTokensMax = promptTokensMax
  }

  /** The object in the place of one that the meter has taken; undefined when it may pass as it is. */
  corrected(value: Record<string, unknown>): Record<string, unknown> | undefined {
    const { usage } = value
    if (usage === undefined || usage === null) return undefined
    const { lastReport: said } = this.meter
    const final = finalUsage(this.meter, this)
    this.shown = final?.usage ?? said
    const { id, created, model } = value
    this.head = { id, object: 'chat.completion.chunk', created, model }
    if (!final || (said && isSame(said, final.usage))) return undefined
    return withUsage(value, final)
  }

  /** A report to be added at the end, when what was shown is not what is charged; undefined otherwise. */
  correction(): Record<string, unknown> | undefined {
    if (!this.shown) return undefined
    const final = finalUsage(this.meter, this)
    if (!final || isSame(this.shown, final.usage)) return undefined
    return withUsage({ ...this.head, choices: [] }, final)
  }
}

// What was cached changes no count, and is shown as it was reported.
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
