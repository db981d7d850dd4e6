import type { Clock } from '@sluice/kernel/clock'

/** How long an unreachable gateway is tried last. */
const AVOIDED_MS = 5_000

/** The gateways that the panel may call; all serve the same installation. */
export interface Gateways {
  /** Every address once, in the order to try. */
  inOrder(): readonly string[]
  /** Reports that the address was unreachable. */
  failed(url: string): void
}

export function createGateways(urls: readonly string[], { clock }: { clock: Clock }): Gateways {
  const avoidedUntilMs = new Map<string, number>()
  const isAvoided = (url: string) => (avoidedUntilMs.get(url) ?? 0) > clock.monotonicMs()
  return {
    inOrder: () =>
      avoidedUntilMs.size === 0
        ? urls
        : [...urls.filter((url) => !isAvoided(url)), ...urls.filter(isAvoided)],
    failed: (url) => void avoidedUntilMs.set(url, clock.monotonicMs() + AVOIDED_MS),
  }
}
