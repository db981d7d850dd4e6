import type { TokenUsage, UsageSource } from '@sluice/contracts/usage'

import type { AnswerMeter } from './relay-end.ts'

/**
 * What a prompt is usually worth is a quarter of the most that it can be, by which it was reserved: a byte of
 * text as a token, 4,000 tokens a picture, sounds and files by the piece.
 */
const PROMPT_PART = 4

/**
 * A report of less than this part of the estimate contradicts what was delivered: it would mean more than
 * 32 bytes of text a token, where tokenizers make one of 3 to 6 bytes of prose, code or JSON.
 */
const TOLERANCE = 8

/**
 * What was truly consumed: the upstream's own report, or an estimate of what passed where there is no
 * report or where it cannot be true. Undefined when nothing is owed: an answer without a word is free,
 * whatever it cost us. What a report says above the estimate is believed: reasoning may be hidden.
 */
export function finalUsage(
  meter: AnswerMeter | undefined,
  { promptTokensMax }: { promptTokensMax: number },
): { usage: TokenUsage; source: UsageSource } | undefined {
  if (!meter) return undefined
  const { usage: reported, contentAfterReport } = meter
  const output = meter.estimateOutput()
  const input = Math.ceil(promptTokensMax / PROMPT_PART)
  const estimate: TokenUsage = { kind: 'tokens', input, cachedInput: 0, output }
  if (!reported || reported.output * TOLERANCE < output) {
    return output === 0 ? undefined : { usage: estimate, source: 'estimate' }
  }
  if (reported.output === 0) return undefined
  // A report in the middle of a stream that was cut does not cover what came after it.
  const isStale = contentAfterReport && output > reported.output
  // No prompt is without a token.
  const isWithoutInput = reported.input === 0 && input > 0
  if (!isStale && !isWithoutInput) return { usage: reported, source: 'upstream' }
  const usage = {
    ...reported,
    input: isWithoutInput ? input : reported.input,
    output: isStale ? output : reported.output,
  }
  return { usage, source: 'estimate' }
}
