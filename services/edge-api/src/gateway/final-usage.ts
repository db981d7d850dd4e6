import type { TokenUsage, UsageSource } from '@sluice/contracts/usage'

import type { AnswerMeter } from './relay-end.ts'

/**
 * A prompt is estimated as a quarter of its worst case, which was reserved with one token per byte of text,
 * 4,000 tokens per picture, and tokens per audio clip and file.
 */
const PROMPT_DIVISOR = 4

/**
 * A report below this fraction of the estimate contradicts the delivered text: it would mean more than
 * 32 bytes of text per token, while tokenizers produce one per 3 to 6 bytes of prose, code or JSON.
 */
const TOLERANCE = 8

/**
 * The usage to charge: the upstream's own report, or an estimate from the relayed content where the report is
 * missing or implausible. Undefined when nothing is charged: a response without content is free, whatever the
 * upstream charged. A report above the estimate is accepted, since it may include hidden reasoning.
 */
export function finalUsage(
  meter: AnswerMeter | undefined,
  { promptTokensMax }: { promptTokensMax: number },
): { usage: TokenUsage; source: UsageSource } | undefined {
  if (!meter) return undefined
  const { usage: reported, contentAfterReport } = meter
  const output = meter.estimateOutput()
  const input = Math.ceil(promptTokensMax / PROMPT_DIVISOR)
  const estimate: TokenUsage = { kind: 'tokens', input, cachedInput: 0, output }
  if (!reported || reported.output * TOLERANCE < output) {
    return output === 0 ? undefined : { usage: estimate, source: 'estimate' }
  }
  if (reported.output === 0) return undefined
  // A report in the middle of an interrupted stream does not cover the content after it.
  const isStale = contentAfterReport && output > reported.output
  // Every prompt has at least one token.
  const isWithoutInput = reported.input === 0 && input > 0
  if (!isStale && !isWithoutInput) return { usage: reported, source: 'upstream' }
  const usage = {
    ...reported,
    input: isWithoutInput ? input : reported.input,
    output: isStale ? output : reported.output,
  }
  return { usage, source: 'estimate' }
}
