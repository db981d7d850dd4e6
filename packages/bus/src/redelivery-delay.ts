import type { Random } from '@sluice/kernel/random'

const FIRST_MS = 250
const LAST_MS = 30_000

/** How long a message that failed rests before its next delivery: doubling, with a quarter of jitter. */
export function redeliveryDelayMs({ deliveries, random }: { deliveries: number; random: Random }) {
  const exponent = Math.min(deliveries - 1, 16)
  const delayMs = Math.min(LAST_MS, FIRST_MS * 2 ** exponent)
  return Math.round(delayMs * (1 + random.next() / 4))
}
