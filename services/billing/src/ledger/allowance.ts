import { divideUp, greater, lesser } from '@sluice/kernel/credits'

/** The n-th part of what is available that one allowance may take. */
const FAIR_SHARE_DIVISOR = 2n

/**
 * How much an allowance gets: what was wanted, at most a fair share of what is available, so that
 * another edge finds something too; never below what was needed. Undefined when that is not there.
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
