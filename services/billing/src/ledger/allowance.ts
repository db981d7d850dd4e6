import { divideUp, greater, lesser } from '@sluice/kernel/credits'

/** One allowance may take 1/n of the available credits. */
const FAIR_SHARE_DIVISOR = 2n

/**
 * The amount of an allowance: the wanted amount, at most a fair share of the available credits, so that
 * other edges can open allowances too, and never below the need. Undefined when the need is not available.
 */
export function shareOf({
  availableMicro,
  needMicro,
  wantMicro,
}: {
  availableMicro: bigint
  needMicro: bigint
  wantMicro: bigint
}): bigint | undefined {
  if (availableMicro < needMicro) return undefined
  const fairMicro = divideUp(availableMicro, FAIR_SHARE_DIVISOR)
  return greater(needMicro, lesser(wantMicro, fairMicro))
}
