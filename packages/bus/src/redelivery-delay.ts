import type { Random } from '@sluice/kernel/random'

const FIRST_MS = 250
const LAST_MS = 30_000

/** The delay before a failed message is redelivered: doubles with each delivery, plus up to 25 % jitter. */
export function redeliveryDelayMs({ deliveries, random }: { deliveries: number; random: Random }) {
  const exponent = Math.min(deliveries - 1, 16)
  const delayMs = Math.min(LAST_MS, FIRST_MS * 2 ** exponent)
  return Math.round(delayMs * (1 + random.next() / 4))
}
